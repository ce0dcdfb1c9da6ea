"""What the rounds of an evacuation act on: its hosts, between which guests are moved, and its record."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.commands import legs as running
from preflight.commands.asking import ask
from preflight.commands.leg_checks import checked
from preflight.commands.legs import Leg
from preflight.commands.migrate import (
    ARRIVED,
    INTERRUPTED,
    NOT_ARRIVED,
    Wanted,
    agree,
    refused,
)
from preflight.commands.run_check import rules_of
from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.evacuate.planning import Planned, Request, planned
from preflight.evacuate.rounds import Anew, Carried, Ended, Halt, Rounds, closed_way
from preflight.evacuate.rows import account, moved_by
from preflight.migrate.journal import named_after
from preflight.output import formats
from preflight.output.evacuation import plan as shown_plan
from preflight.request.check_request import Asked
from preflight.schema import evacuation as schema
from preflight.schema.evacuation import Evacuation
from preflight.schema.plan import Identity
from preflight.visible import clean, one_line


class Manners(Struct, frozen=True, kw_only=True):
    """How an evacuation is carried out."""

    wanted: Wanted
    #: True if the first guest that does not arrive ends it; otherwise what has not begun is planned anew.
    stops: bool = False
    #: True if the guests of each run are rehearsed before they are moved.
    rehearses: bool = False
    #: Hosts that are asked at the same time.
    width: int = 16


def plan_of(request: Request, manners: Manners, closed: Sequence[schema.Closed] = ()) -> Planned:
    """Ask all hosts, and plan; raises `Refused` and `UserError`."""
    return planned(request, _answers(request, manners), rules_of(request.asked), closed)


def _answers(request: Request, manners: Manners) -> Mapping[str, SavedHost]:
    names = [name for name in (request.source, *request.destinations) if name not in request.saved]
    if not names:
        return request.saved
    found = ask(
        names,
        tuple(request.saved.values()),
        request.asked,
        width=manners.width,
        ways=len(request.destinations),  # each of them is one that a guest may go
        leaving=frozenset((request.source,)),
        arriving=frozenset(request.destinations),
        led=request.addresses,
    )
    return {**request.saved, **dict(zip(names, found, strict=True))}


class Hosts:
    """The hosts of an evacuation, and its record: what its rounds act on."""

    def __init__(self, path: Path, request: Request, manners: Manners) -> None:
        """Take the file of the record, whose lock the caller holds.

        The user is asked about a plan that is made anew, and about the way home.
        """
        self.path = path
        self._request, self._manners = request, manners

    def write(self, record: Evacuation) -> None:
        """Write the record; raises `RecordError`."""
        records.write(self.path, record)

    def say(self, text: str) -> None:
        """Print a line to standard error."""
        print(f"preflight: {one_line(text)}", file=sys.stderr)

    def plan_anew(self, left: Sequence[str], closed: Sequence[schema.Closed]) -> Anew:
        """Plan for these guests, show that, and ask; raises `Refused` and `UserError`."""
        asked = replace(self._request.asked, guests=tuple(left), as_they_are=True, left_out=())
        found = plan_of(replace(self._request, asked=asked, again=True), self._manners, closed)
        sys.stderr.write("\nplanned anew, for the guests that are left:\n")
        sys.stderr.write(clean(shown_plan.text(found)))
        planned = found.record.planned
        if planned and agree(self._manners.wanted.ask, "continue?") is not None:
            planned = ()
        return Anew(planned, found.record.staying, found.record.seconds, found.record.width)

    def carry_out(self, legs: Sequence[schema.Leg], rounds: Rounds) -> Carried:
        """Check each run, rehearse and ask if so wanted, and carry out those that may begin, side by side."""
        first = records.next_number(self.path)
        wanted = self._manners.wanted
        with contextlib.ExitStack() as stack:
            opened = [
                (leg, stack.enter_context(open_hosts(self._asked(leg))), self._journal(first + number, leg))
                for number, leg in enumerate(legs)
            ]
            fit, unfit = checked(opened, rules_of(self._request.asked), partial(_identity, rounds.record))
            closed = [way for one in unfit for way in one.closes]
            if not fit:
                return Carried(closed=tuple(closed), refused="refused: no check before the migrations says READY")
            if self._manners.rehearses:
                fit, more, halt = self._rehearsed(fit)
                closed += more
                if not fit:
                    no = "refused: no rehearsal was accepted"
                    return Carried(closed=tuple(closed), halt=halt, refused=no)
            if rounds.record.home and not self._agreed(rounds.record, fit):
                return Carried(closed=tuple(closed), halt=Halt.DECLINED, refused="refused: not confirmed")
            begun, refusals = stack.enter_context(running.prepared(fit))
            closed += [closed_way(destination, why) for destination, why in refusals.items()]
            if not begun:
                return Carried(closed=tuple(closed), refused=next(iter(refusals.values())))
            rounds.begin([_recorded(leg) for leg, _ in begun])
            most = None if rounds.record.home else rounds.record.width
            ended = running.move(begun, wanted, stop_together=self._manners.stops, most=most)
        return Carried(
            ended=tuple(Ended(one.leg.planned.source, one.leg.planned.destination, one.rows) for one in ended),
            closed=tuple(closed),
            halt=Halt.INTERRUPTED if any(one.interrupted for one in ended) else None,
        )

    def _agreed(self, record: Evacuation, legs: Sequence[Leg]) -> bool:
        names = {guest.uuid: guest.name for guest in record.guests}
        sys.stderr.write(clean(shown_plan.of_legs(map(_recorded, legs), names)))
        return agree(self._manners.wanted.ask, "migrate?") is None

    def _rehearsed(self, legs: Sequence[Leg]) -> tuple[list[Leg], list[schema.Closed], Halt | None]:
        """Rehearse the guests of each run; return the runs that libvirt accepts, and the ways that it refuses.

        The last value is why nothing further may be begun, if so.
        """
        from preflight.commands.rehearsed import accepted

        found: list[Leg] = []
        closed: list[schema.Closed] = []
        for leg in legs:
            done = accepted(leg.planned, leg.checked, leg.opened, self._manners.wanted)
            if done.code is not None:
                return [], closed, Halt.DISTURBED if done.is_disturbed else Halt.INTERRUPTED
            destination = leg.planned.destination
            closed += [closed_way(destination, f"the rehearsal: {why}", uuid) for uuid, why in done.refused.items()]
            if done.confirmed is not None:
                found.append(Leg(*done.confirmed, leg.opened, leg.journal))
        return found, closed, None

    def _journal(self, number: int, leg: schema.Leg) -> Path:
        hosts = named_after(leg.source, leg.destination, most=40)
        return records.journals_of(self.path) / f"{number:04}-{hosts}.journal"

    def _asked(self, leg: schema.Leg) -> Asked:
        guests = {"guests": leg.guests, "as_they_are": True, "left_out": ()}
        asked = self._request.asked_to(leg.destination)
        return replace(asked, source=leg.source, destination=leg.destination, **guests)


def carried_out(path: Path, rounds: Rounds, go: Callable[[], str | None]) -> str | None:
    """Carry out rounds; return what `go` returns, which is why nothing was begun, or why they ended early.

    If the record or a journal cannot be written, what is known of the runs under way is what their journals have.
    """
    try:
        return go()
    except UserError as why:
        with contextlib.suppress(UserError):
            rounds.moved |= moved_by(path, rounds.cut_off())
        return str(why)


def told(rounds: Rounds, refusal: str | None = None) -> int:
    """Write the record, print the ledger, and return the exit code; `refusal` is why nothing was begun, if so."""
    found = account(rounds.record, rounds.moved)
    unwritten = None
    try:
        rounds.end(over=found.is_done)
    except UserError as why:
        unwritten = f"the record is incomplete: {why}"
    if refusal is not None and not rounds.moved:
        return code_of(rounds, refused(refusal))
    formats.deliver("evacuation", "text", found)
    for text in filter(None, (refusal, unwritten)):
        refused(text)
    return ARRIVED if found.is_done else code_of(rounds, NOT_ARRIVED)


def code_of(rounds: Rounds, otherwise: int) -> int:
    """Return the exit code of rounds after which not every guest is where it was to go."""
    if rounds.halt is Halt.DISTURBED:
        return NOT_ARRIVED
    return INTERRUPTED if rounds.halt is Halt.INTERRUPTED else otherwise


def _identity(record: Evacuation, name: str) -> Identity | None:
    """Return the machine to which a host's name led when the evacuation was planned; None if it did not answer then."""
    return next((host.identity for host in (record.source, *record.destinations) if host.name == name), None)


def _recorded(leg: Leg) -> schema.Leg:
    planned = leg.planned
    return schema.Leg(
        source=planned.source,
        destination=planned.destination,
        guests=tuple(guest.uuid for guest in planned.guests),
        width=planned.width,
        journal=leg.journal.name,
    )
