"""The settings in use, for a terminal."""

from collections.abc import Iterator

from preflight.output.terminal import columns, one_line, width, wrapped
from preflight.request.configured import Configured, InUse


def render(shown: tuple[Configured, tuple[InUse, ...]], _colour: bool) -> str:
    """Return the file, and a table of all settings with the origin of each."""
    configured, settings = shown
    return "\n".join(_lines(configured, settings)) + "\n"


def _lines(configured: Configured, settings: tuple[InUse, ...]) -> Iterator[str]:
    wide = width()
    if configured.file is None:
        yield "no configuration file"
    else:
        yield from wrapped(f"configuration file: {one_line(configured.file)}", width=wide)
    if configured.is_of_directory:
        note = "It lies in the working directory or above it, so that plan, fix, rehearse and migrate do not use it."
        yield from wrapped(note, width=wide)
    yield ""
    rows = [(one.key, one_line(one.value), one_line(one.origin)) for one in settings]
    yield from columns([("key", "value", "origin"), *rows], width=wide)
    if configured.waivers:
        many = "1 waiver" if len(configured.waivers) == 1 else f"{len(configured.waivers)} waivers"
        yield from ("", f"{many}: `preflight waivers list` shows them")
