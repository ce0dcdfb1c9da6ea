"""The waivers of a site, for a terminal."""

from collections.abc import Sequence

from preflight.output.terminal import columns, one_line, width
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
    return "\n".join(columns([_HEAD, *rows], width=width())) + "\n"
