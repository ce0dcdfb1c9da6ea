"""Plans generated evacuations with preflight and judges the answers: the only module here that knows the planner."""

import time
from collections.abc import Iterator
from functools import cache

import msgspec
from msgspec import Struct

from preflight.placement.answer import Answer
from preflight.placement.place import place
from preflight.placement.problem import Problem

from . import bound
from .constraints import broken_by
from .explained import wrong_reliefs
from .generate import Json, feasible, infeasible
from .replay import Replay

#: Every fifth evacuation is infeasible.
EVERY = 5
#: Seconds of CPU that an answer may take: on a machine that does nothing else, those that a user waits.
LIMIT = 10.0
#: Seconds that the judge's own search for the most weight may take.
SEARCH = 10.0


class Judged(Struct, frozen=True):
    """One evacuation and what was found."""

    seed: int
    guests: int
    hosts: int
    #: The constraint that was put in the way; "" if all can leave.
    planted: str
    solver: str
    stays: int
    #: Seconds of wall time and of CPU time that the planner took.
    took: float
    cpu: float
    #: Predicted seconds, those of the replay, and the LP relaxation's bound.
    seconds: float
    replayed: float
    least: float
    #: The constraints that are broken, and what does not let a guest go that is said to.
    broken: tuple[str, ...]
    reliefs: tuple[str, ...]
    #: What is claimed and not so.
    claims: tuple[str, ...]
    #: True if the constraint in the way is named, and if no more weight leaves in the judge's own search.
    named: bool
    most: bool

    @property
    def above(self) -> float:
        """Return the share by which the replayed time exceeds the bound."""
        return self.replayed / self.least - 1 if self.least else 0.0


def drawn(seed: int) -> tuple[Json, str]:
    """Return an evacuation, and what is in the way."""
    return infeasible(seed) if seed % EVERY == 0 else (feasible(seed), "")


def judge(seed: int, *, exact: bool, limit: float = LIMIT) -> Judged:
    """Plan an evacuation, and judge the answer."""
    problem, planted = drawn(seed)
    began, cpu = time.monotonic(), time.process_time()
    answer, said = _planned(problem, exact=exact, limit=limit)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    late: tuple[str, ...] = ()
    if answer.fits is False:
        # who leaves in the window goes first then, whatever that costs
        late = (*_late(problem, said),)
        problem["window"] = None
        answer, said = _planned(problem, exact=exact, limit=limit)
    weights = {guest["name"]: guest["weight"] for guest in problem["guests"]}
    left = sum(weights[move["guest"]] for move in said["moves"])
    replay = Replay(problem, said)
    seconds = replay.seconds()
    named = {obstacle.constraint.value for stay in answer.stays for obstacle in stay.obstacles}
    every = sum(weights.values())
    found, most = _most(seed) if planted else (every, every)
    return Judged(
        seed=seed,
        guests=len(problem["guests"]),
        hosts=len(problem["destinations"]),
        planted=planted,
        solver=answer.solver,
        stays=len(answer.stays),
        took=took,
        cpu=cpu,
        seconds=answer.seconds or 0.0,
        replayed=seconds,
        least=_least(seed, left),
        broken=(*late, *broken_by(problem, said)),
        reliefs=tuple(wrong_reliefs(problem, said)),
        claims=tuple(_claims(answer, left, found, most)),
        named=planted.replace("larger", "memory") in named,
        most=left > found - 0.5,
    )


@cache
def _most(seed: int) -> tuple[float, float]:
    """Return the most weight that is found to leave, and a bound; a search that ends early knows a greater bound."""
    return bound.most_weight(drawn(seed)[0], SEARCH)


@cache
def _least(seed: int, weight: float) -> float:
    return bound.least_seconds(drawn(seed)[0], weight)


def _planned(problem: Json, *, exact: bool, limit: float) -> tuple[Answer, Json]:
    """Return the answer, and as JSON."""
    typed = msgspec.json.decode(msgspec.json.encode(problem), type=Problem)
    answer = place(typed, exact=exact, seconds=limit, clock=time.process_time)
    return answer, msgspec.json.decode(msgspec.json.encode(answer))


def _late(problem: Json, said: Json) -> Iterator[str]:
    """Yield what is wrong with an answer that does not fit into its window."""
    yield from broken_by(problem, said)
    replay = Replay(problem, said)
    replay.seconds()
    for name in said["in_window"]:
        if replay.ends.get(name, 0.0) > problem["window"] * 1.01 + 1:
            yield f"{name} is said to leave in the window, and leaves after {replay.ends[name]:.0f} s"


def _claims(answer: Answer, left: float, found: float, most: float) -> Iterator[str]:
    if answer.most_leave and left < found - 0.5:
        yield f"weight {left} is said to be the most, and {found:.0f} can leave"
    if left > most + 0.5:
        yield f"weight {left} leaves, and no more than {most:.0f} can"
