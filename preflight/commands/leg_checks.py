"""The checks before the runs of an evacuation begin: each run is checked as `migrate` would check it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from preflight.collect.endpoints import Opened
from preflight.commands.legs import Leg
from preflight.errors import UserError
from preflight.evacuate.rounds import closed_way
from preflight.judge.check import Checked, check
from preflight.judge.guests import NoSuchGuest
from preflight.judge.report import Result, Verdict
from preflight.judge.ruleset import Rule
from preflight.plan import make as plans
from preflight.plan.digests import digests
from preflight.plan.make import Pace, Refused
from preflight.plan.width import pace
from preflight.schema import evacuation as schema
from preflight.schema.plan import Identity
from preflight.threads import side_by_side

#: Checks that are made at the same time: each logs in to the source.
_AT_ONCE = 4

#: Returns the identity that a host had when the evacuation was planned, by its name; None if it did not answer then.
Known = Callable[[str], Identity | None]


class Unfit(Struct, frozen=True):
    """A run that may not begin, and why."""

    leg: schema.Leg
    why: str
    #: UUIDs of the guests that alone keep it from beginning; none if the destination does.
    guests: tuple[str, ...] = ()

    @property
    def closes(self) -> Iterator[schema.Closed]:
        """The ways that are not tried again."""
        for guest in self.guests or (None,):
            yield closed_way(self.leg.destination, self.why, guest)


class _OfGuests(Refused):
    """Raised if some guests of a run alone keep it from beginning: those of these UUIDs."""

    def __init__(self, text: str, guests: Iterable[str]) -> None:
        super().__init__(text)
        self.guests = tuple(guests)


def checked(
    opened: Sequence[tuple[schema.Leg, Opened, Path]], rules: tuple[Rule, ...], known: Known
) -> tuple[list[Leg], list[Unfit]]:
    """Return the runs that may begin, each with its plan and the path of its journal, and those that may not."""
    room = threading.BoundedSemaphore(_AT_ONCE)
    found: dict[Path, Leg | Unfit] = {}

    def one(leg: schema.Leg, ends: Opened, journal: Path) -> None:
        with room:
            try:
                found[journal] = leg_of(leg, ends, journal, rules, known, runs=len(opened))
            except NoSuchGuest as why:
                found[journal] = Unfit(leg, f"{leg.source} does not have it any more", (why.name,))
            except (Refused, UserError) as why:
                guests = why.guests if isinstance(why, _OfGuests) else ()
                found[journal] = Unfit(leg, str(why).removeprefix("refused: "), guests)

    side_by_side(*(partial(one, *each) for each in opened))
    ordered = [found[journal] for _, _, journal in opened]
    return [one for one in ordered if isinstance(one, Leg)], [one for one in ordered if isinstance(one, Unfit)]


def leg_of(
    leg: schema.Leg, opened: Opened, journal: Path, rules: tuple[Rule, ...], known: Known, *, runs: int = 1
) -> Leg:
    """Check one of so many runs, and return it with its plan; raises `Refused` and `UserError`."""
    found = check(opened, rules)
    _refuse_unless_ready(found)
    asked = opened.asked
    plan = plans.plan(found, asked.method, _pace(found, leg.width, runs), digests(found, rules), ignore=asked.ignore)
    for name, now in ((leg.source, plan.source_identity), (leg.destination, plan.destination_identity)):
        if (planned := known(name)) is None:
            raise Refused(f"{name} did not answer when this was planned: plan again to use it")
        if now != planned:
            raise Refused(f"{name} is another machine than when this was planned: plan again")
    return Leg(plan, found, opened, journal)


def _pace(found: Checked, width: int | None, runs: int) -> Pace:
    """Return the pace of one of so many runs to a host: as planned, or its share of what one run alone would move."""
    return pace(found, width or max(1, pace(found, None).width // runs))


def _refuse_unless_ready(found: Checked) -> None:
    """Raise `Refused` with the first reason unless the verdict is READY; `_OfGuests` if the reasons are of guests."""
    verdict = found.report.verdict
    if verdict is not Verdict.READY:
        blocking = [one for one in found.report.results if one.blocks or one.obscures]
        more = f", and {len(blocking) - 1} more" if len(blocking) > 1 else ""
        why = f"the check says {verdict.value.replace('-', ' ').upper()}: {_reason(blocking[0])}{more}"
        names = {one.guest for one in blocking}
        if None not in names:
            raise _OfGuests(why, (guest.uuid for guest in found.guests if guest.name in names))
        raise Refused(why)
    plans.refuse_unless_ready(found)


def _reason(result: Result) -> str:
    of = f"guest {result.guest}: " if result.guest is not None else ""
    text = result.findings[0].message if result.blocks and result.findings else result.reason or "unknown"
    return f"{of}{text} ({result.rule.name})"
