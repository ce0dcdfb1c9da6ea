"""The waivers of a site, for a terminal."""

from collections.abc import Iterator, Sequence

from preflight.output.terminal import columns, one_line, places, width
from preflight.request.configured import Listed

_HEAD = ("rule", "hosts or pairs", "until", "state", "reason", "ticket", "file")


def render(listed: Sequence[Listed], _colour: bool) -> str:
    """Return a table of the waivers."""
    if not listed:
        return "no waivers\n"
    rows = [
        tuple(
            map(
                one_line,
                (
                    one.waiver.rule,
                    one.waiver.scope,
                    one.waiver.expires,
                    one.fault or "valid",
                    one.waiver.reason,
                    one.waiver.ticket,
                    one.waiver.file,
                ),
            )
        )
        for one in listed
    ]
    wide = width()
    whole = columns([_HEAD, *rows])
    if wide is None or max(map(places, whole)) <= wide:
        return "\n".join(whole) + "\n"
    return "\n\n".join(_by_file(rows, wide)) + "\n"


def _by_file(rows: Sequence[tuple[str, ...]], wide: int) -> Iterator[str]:
    """Yield a table for each file, below its path: beside one, a reason would have no room."""
    for file in dict.fromkeys(row[-1] for row in rows):
        table = [_HEAD[:-1], *(row[:-1] for row in rows if row[-1] == file)]
        yield "\n".join([f"{file}:", *columns(table, width=wide)])
