"""The plan of an evacuation for the person who decides whether to carry it out."""

from collections.abc import Iterable, Iterator, Mapping

from preflight.evacuate.planning import Planned
from preflight.output.evacuation.stays import stays
from preflight.output.evacuation.words import duration, mib
from preflight.output.report.skipped import skipped
from preflight.output.sent_to import sent_to
from preflight.output.terminal import listed, padded, width, wrapped
from preflight.placement.answer import Answer, Move
from preflight.placement.problem import Problem
from preflight.schema.evacuation import Evacuation, Leg
from preflight.visible import named, one_line

#: The column in which the text begins, behind its label.
_COLUMN = 13


def text(found: Planned) -> str:
    """Return who goes where, who stays and why, how many at a time, and how long it takes."""
    report = next(iter(found.checks.values())).report
    not_included = [
        _row("" if number else "not included", line) for number, line in enumerate(skipped(report, "planned"))
    ]
    return _whole((*_lines(found.problem, found.answer), *_memory(found.record), *not_included))


def of_record(record: Evacuation) -> str:
    """Return the same of a plan that was written to a file, as far as the file says it."""
    names = {guest.uuid: guest.name for guest in record.guests}
    lines = [_row("from", one_line(record.source.name))]
    for number, leg in enumerate(record.planned):
        lines.append(_row("" if number else "to", _leg(leg, names)))
    kept: dict[str, list[str]] = {}
    for one in record.staying:
        kept.setdefault(one.why, []).append(names.get(one.guest, one.guest))
    for number, (why, guests) in enumerate(kept.items()):
        lines.append(_row("" if number else "stays", f"{listed(guests)}: {one_line(why)}"))
    lines += _memory(record)
    if record.seconds is not None:
        lines.append(_row("duration", f"about {duration(record.seconds)} by the pre-copy model"))
    return _whole(lines)


def of_legs(legs: Iterable[Leg], names: Mapping[str, str]) -> str:
    """Return a line for each run: its hosts, its guests by UUID and name, and how many move at a time."""
    return _whole(
        _row("" if number else "from", f"{one_line(leg.source)} to {_leg(leg, names)}")
        for number, leg in enumerate(legs)
    )


def _memory(record: Evacuation) -> Iterator[str]:
    """Yield where the memory is sent, if the inventory says so of a destination."""
    if led := sent_to({name: address for name, address in record.addresses.items() if name != record.source.name}):
        yield _row("memory", led)


def _leg(leg: Leg, names: Mapping[str, str]) -> str:
    guests = listed([named(names.get(uuid, uuid)) for uuid in leg.guests])
    width = "" if leg.width is None else f", {leg.width} at a time"
    return f"{one_line(leg.destination)}{width}: {guests}"


def _whole(lines: Iterable[str]) -> str:
    columns = width()
    return "\n".join(part for line in lines for part in wrapped(line, width=columns, indent=_indent(line))) + "\n"


def _indent(line: str) -> int:
    """Return the column at which a line goes on: that of the texts, and for what lies below a text deeper."""
    begins = len(line) - len(line.lstrip())
    return _COLUMN if begins <= _COLUMN else begins + 2


def _lines(problem: Problem, answer: Answer) -> Iterator[str]:
    yield _row("from", one_line(problem.source.name))
    yield _row("to", listed([one_line(one.name) for one in problem.destinations]))
    guests = {guest.name: guest for guest in problem.guests}
    for number, move in enumerate(answer.moves):
        guest = guests[move.guest]
        size = f"{mib(guest.all_kib)}" if guest.active else "off, definition only"
        yield _row(
            "" if number else "guests", f"{named(move.guest)} -> {one_line(move.destination)}  ({size}{_time(move)})"
        )
    for number, (names, lines) in enumerate(stays(answer.stays)):
        yield _row("" if number else "stays", names)
        yield from (_row("", f"  {line}") for line in lines)
    if not answer.moves:
        return
    yield _row("at a time", ", ".join(_widths(problem, answer)))
    yield _row("duration", "; ".join(_duration(answer)))
    if problem.window is not None:
        yield _row("window", _window(problem.window, answer))
    yield _row("placed by", _solver(answer))


def _time(move: Move) -> str:
    if not move.converges:
        return ", does not converge"
    return "" if move.end is None else f", there after about {duration(move.end)}"


def _widths(problem: Problem, answer: Answer) -> Iterator[str]:
    because = (
        f" ({one_line(problem.source.width_because)} on the source)" if answer.width == problem.source.width else ""
    )
    yield f"{answer.width} in all{because}"
    yield from (f"{most} to {one_line(name)}" for name, most in answer.widths.items())


def _duration(answer: Answer) -> Iterator[str]:
    if answer.seconds is None:
        yield f"not known: no driver reports the speed of the link of {listed(answer.unknown_links)}; give it by --link"
    else:
        less = "" if answer.least is None else f"; no placement takes less than {duration(answer.least)}"
        yield f"about {duration(answer.seconds)} by the pre-copy model{less}"
    if answer.seconds is not None and answer.unmeasured:
        yield "more for guests that write much, whose rate was not measured"
    if answer.endless:
        yield f"never for {listed([named(name) for name in answer.endless])}, unless they write less"


def _window(seconds: float, answer: Answer) -> str:
    fits = answer.fits
    if fits is None:
        return f"{duration(seconds)}: not known whether it is long enough"
    if fits:
        return f"{duration(seconds)}: long enough"
    return f"{duration(seconds)}: TOO SHORT, {len(answer.in_window or ())} of {len(answer.moves)} guests leave in it"


def _solver(answer: Answer) -> str:
    who = {"highs": "HiGHS", "first fit": "first fit decreasing"}.get(answer.solver, answer.solver)
    most = "no more guests can leave" if answer.most_leave else "it is not proven that no more guests can leave"
    best = "in the least time" if answer.optimal else "not proven to be the quickest"
    return f"{who}: {most}, {best}"


def _row(label: str, text: str) -> str:
    return padded(label, _COLUMN) + text
