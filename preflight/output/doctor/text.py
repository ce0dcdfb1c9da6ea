"""What preflight has and lacks, for people."""

from collections.abc import Iterable, Iterator

from preflight.doctor.diagnosis import Diagnosis, Item, State
from preflight.output.terminal import labelled, one_line, paint, width

_COLOURS = {State.OK: "green", State.LIMITED: "yellow", State.MISSING: "red"}
_STATES = max(map(len, State)) + 1
_INDENT = 2
#: Columns of the longest name and its colon.
_NAMES = 15


def render(diagnosis: Diagnosis, colour: bool) -> str:
    """Return a line for each means, with the command that mends it on another, and a summary."""
    lines = ["this machine", *_lines(diagnosis.machine, colour)]
    for host in diagnosis.hosts:
        reached = "" if host.target == host.name else f", reached as {one_line(host.target)}"
        lines += ["", f"{one_line(host.name)}{reached}", *_lines(host.items, colour)]
    return "\n".join((*lines, "", _summary(diagnosis, colour))) + "\n"


def _lines(items: Iterable[Item], colour: bool) -> Iterator[str]:
    indent = _INDENT + _STATES
    for item in items:
        first, *rest = labelled(item.name, one_line(item.message), width=width(), indent=indent, column=_NAMES)
        state = paint(item.state.value, _COLOURS[item.state], colour=colour)
        yield f"{'':{_INDENT}}{state}{'':{_STATES - len(item.state)}}{first[indent:]}"
        yield from rest
        if item.mend:
            # a command is copied as it stands
            yield f"{'':{indent + _NAMES}}mend: {one_line(item.mend)}"


def _summary(diagnosis: Diagnosis, colour: bool) -> str:
    missing, limited = diagnosis.count(State.MISSING), diagnosis.count(State.LIMITED)
    if not missing and not limited:
        return paint("nothing is missing", "green", colour=colour)
    parts = [f"{missing} missing: nothing can be checked without"] if missing else []
    parts += [f"{limited} limited: some facts will be UNKNOWN"] if limited else []
    return paint("; ".join(parts), "red" if missing else "yellow", colour=colour)
