"""What was found of generated evacuations, as recorded and as docs/reference/evacuations.md shows it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from .judged import LIMIT, Judged

RECORDED = Path(__file__).parent / "recorded.json"
#: The share by which a time may exceed the bound, and the share of the feasible evacuations for which that must hold.
CLOSE, SHARE = 0.05, 0.9


class Recorded(Struct, frozen=True):
    """The run that was recorded last: each evacuation by HiGHS and by the plain solver."""

    highs: tuple[Judged, ...]
    plain: tuple[Judged, ...]


def write(found: Recorded) -> None:
    """Keep a run."""
    RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def read() -> Recorded:
    """Return the run that was recorded last."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Recorded)


def faults(judged: Sequence[Judged], *, exact: bool) -> Iterator[str]:
    """Yield what must not be; of the plain solver it is not demanded that all leave that can, or how soon."""
    for one in judged:
        yield from (f"{one.seed}: {wrong}" for wrong in (*one.broken, *one.reliefs, *one.claims))
        if one.planted and not (one.stays and one.named):
            yield f"{one.seed}: {one.planted} is not said to be in the way"
        if one.cpu > LIMIT:
            yield f"{one.seed}: took {one.cpu:.1f} s of CPU"
        if exact and one.stays and not one.planted:
            yield f"{one.seed}: {one.stays} stay, and all can leave"
    if exact and near(judged) < SHARE:
        yield f"only {near(judged):.0%} of those with which all leave are within {CLOSE:.0%} of the bound"


def near(judged: Sequence[Judged]) -> float:
    """Return the share of the evacuations with which all leave whose time is near to the bound."""
    whole = _whole(judged)
    return sum(one.above <= CLOSE for one in whole) / max(1, len(whole))


def _whole(judged: Sequence[Judged]) -> list[Judged]:
    return [one for one in judged if not one.planted and not one.stays]


def markdown() -> str:
    """Return the page."""
    return "\n".join(_lines(read()))


def _lines(found: Recorded) -> Iterator[str]:
    every = found.highs
    infeasible = [one for one in every if one.planted]
    yield "# Generated evacuations"
    yield ""
    yield f"`make evacuations` draws {len(every)} evacuations of {min(one.guests for one in every)} to"
    yield f"{max(one.guests for one in every)} guests to {min(one.hosts for one in every)} to"
    yield f"{max(one.hosts for one in every)} destinations, and has preflight plan them. {len(infeasible)} of them are"
    yield "infeasible: a constraint was put in the way that keeps guests on the source."
    yield ""
    yield "Each answer is judged by programs in tests/evacuations that share no code with the planner. They read the"
    yield "problem and the answer as JSON, check every constraint, replay the evacuation on links that are shared, try"
    yield "what the answer says would let a guest go, and solve the linear program without whole numbers, with a column"
    yield "for each guest and destination. No placement takes less time than that bound says. No migration can get"
    yield "more than its equal share of a link, which the bound does not know: where one large guest takes as long as"
    yield "all others together, it cannot be reached."
    yield ""
    yield "| | HiGHS | first fit |"
    yield "| --- | --- | --- |"
    both = (found.highs, found.plain)
    for name, value in _ROWS.items():
        yield f"| {name} | {' | '.join(value(one) for one in both)} |"
    yield ""
    yield "*HiGHS* is the planner with the extra `evacuate`; it keeps the plain solver's answer where the bound proves"
    kept = sum(one.solver != "highs" for one in found.highs)
    yield f"that to be as good, here {kept} times. The planner had 10 s of CPU; on a machine"
    yield "that does nothing else, those are seconds."
    yield ""
    yield "| Constraint in the way | Evacuations | Guests that stay | of |"
    yield "| --- | --- | --- | --- |"
    for name in sorted({one.planted for one in infeasible}):
        those = [one for one in infeasible if one.planted == name]
        stay, all_of = sum(one.stays for one in those), sum(one.guests for one in those)
        yield f"| {_NAMES.get(name, name)} | {len(those)} | {stay} | {all_of} |"
    yield ""


def _above(judged: Sequence[Judged], part: float) -> str:
    shares = sorted(one.above for one in _whole(judged))
    return f"{shares[int(part * (len(shares) - 1))]:.1%}"


def _of_all(judged: Sequence[Judged], number: int) -> str:
    return f"{number} of {len(judged)}"


_NAMES = {"larger": "one guest larger than any destination", "way": "no way READY", "width": "no migration allowed"}
_ROWS: Mapping[str, Callable[[Sequence[Judged]], str]] = {
    "broken constraints": lambda judged: str(sum(len(one.broken) for one in judged)),
    "relief that lets no guest go": lambda judged: str(sum(len(one.reliefs) for one in judged)),
    "all leave, where all can": lambda judged: _of_all(
        [one for one in judged if not one.planted], sum(not one.planted and not one.stays for one in judged)
    ),
    "the constraint in the way is named": lambda judged: _of_all(
        [one for one in judged if one.planted], sum(bool(one.planted) and one.named for one in judged)
    ),
    "as many leave as the judge's own search found, of the infeasible": lambda judged: _of_all(
        [one for one in judged if one.planted], sum(bool(one.planted) and one.most for one in judged)
    ),
    "where all leave: replayed time above the bound by at most 5 %": lambda judged: f"{near(judged):.1%}",
    "above the bound, median": lambda judged: _above(judged, 0.5),
    "above the bound, nine of ten": lambda judged: _above(judged, 0.9),
    "above the bound, most": lambda judged: _above(judged, 1.0),
    "predicted and replayed time differ at most by": lambda judged: (
        f"{max(abs(one.seconds / one.replayed - 1) for one in judged if one.replayed):.1%}"
    ),
    "longest planning": lambda judged: f"{max(one.cpu for one in judged):.1f} s of CPU",
}
