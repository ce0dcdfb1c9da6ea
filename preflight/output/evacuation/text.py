"""The outcome of an evacuation for each guest, for people."""

from collections.abc import Iterator

from preflight.evacuate.rows import Account, Accounted
from preflight.output.ledger.text import HEADS, cells, remarks_on
from preflight.output.terminal import columns, width, wrapped
from preflight.visible import named, one_line


def render(found: Account, _colour: bool) -> str:
    """Return a line for each guest, the reason for each that is not where it was to go, and one line for all."""
    wide = width()
    table = [
        (HEADS[0], HEADS[1], "from", "to", "on the source", "on the destination", *HEADS[2:]),
        *map(_cells, found.guests),
    ]
    lines = [*_remarks(found), verdict(found)]
    shown = [*columns(table, width=wide), "", *(part for line in lines for part in wrapped(line, width=wide))]
    return "\n".join(shown) + "\n"


def _cells(guest: Accounted) -> tuple[str, ...]:
    if guest.moved is None:
        return (named(guest.name), "NOT BEGUN", *[""] * 6)
    name, result, *rest = cells(guest.moved.row)
    return (name, result, one_line(guest.moved.source), one_line(guest.moved.destination), *rest)


def _remarks(found: Account) -> Iterator[str]:
    for guest in found.guests:
        if guest.moved is not None:
            yield from remarks_on(guest.moved.row)
        if guest.why and not guest.is_done:
            yield f"{named(guest.name)}: {one_line(guest.why)}"
    for one in () if found.record.home else found.record.closed:
        if one.guest is None:
            yield f"{one_line(one.destination)} was given up: {one_line(one.why)}"


def verdict(found: Account) -> str:
    """Return the line about all guests."""
    total, there = len(found.guests), sum(guest.is_there for guest in found.guests)
    word, host = ("HOME", "on") if found.record.home else ("EVACUATED", "off")
    missed = f"{word}, BUT NOT AS REQUESTED" if there == total else f"NOT {word}"
    said = word if found.is_done else missed
    return (
        f"{said}  {there} of {total} {'guest' if total == 1 else 'guests'} {host} {one_line(found.record.source.name)}"
    )
