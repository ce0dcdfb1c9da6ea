"""The rounds of an evacuation: carry out what is planned, close the ways that failed, and plan anew for who is left.

Whoever moves guests and asks hosts is passed in; here it is only decided what comes next. The record is written before
each step that it tells of.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from preflight.errors import UserError
from preflight.evacuate.rows import Moved
from preflight.migrate.ledger import Row
from preflight.migrate.outcome import Result
from preflight.plan.make import Refused
from preflight.schema.evacuation import Closed, Evacuation, Leg, Staying
from preflight.schema.fields import MOST_SAID
from preflight.visible import named, one_line

#: Guests that must fail at a destination at which none arrives before it is given up.
_BLAMED = 2


def closed_way(destination: str, why: str, guest: str | None = None) -> Closed:
    """Return a way that is not tried again: that of a guest by UUID, or of all."""
    return Closed(guest=guest, destination=destination, why=one_line(why.removeprefix("refused: "))[:MOST_SAID])


class Halt(enum.Enum):
    """Why no further round may begin, although guests are left."""

    #: The user did not agree.
    DECLINED = enum.auto()
    INTERRUPTED = enum.auto()
    #: A rehearsal has left a guest not where or not as it was.
    DISTURBED = enum.auto()


class Ended(Struct, frozen=True):
    """The end of one run: its hosts, and its guests as both report them."""

    source: str
    destination: str
    rows: tuple[Row, ...]


class Carried(Struct, frozen=True):
    """What came of a round."""

    ended: tuple[Ended, ...] = ()
    #: The ways that turned out to be closed before anything was begun.
    closed: tuple[Closed, ...] = ()
    #: Why no further round may begin; None if one may.
    halt: Halt | None = None
    #: Why nothing was begun; None if something was.
    refused: str | None = None


class Anew(Struct, frozen=True):
    """A new plan for the guests that are left, to which the user has agreed."""

    planned: tuple[Leg, ...]
    staying: tuple[Staying, ...]
    seconds: float | None
    #: Migrations at a time in all; None if only the runs limit their own.
    width: int | None = None


class World(Protocol):
    """Whoever moves guests, asks hosts, and writes the record."""

    def carry_out(self, legs: Sequence[Leg], rounds: "Rounds") -> Carried:
        """Carry out these runs side by side; `rounds.begin` is called with those that begin, just before they do."""

    def plan_anew(self, left: Sequence[str], closed: Sequence[Closed]) -> Anew:
        """Plan for these guests (UUIDs); without runs if none can leave, or if the user does not agree.

        Raises `Refused` and `UserError`.
        """

    def write(self, record: Evacuation) -> None:
        """Write the record; raises `UserError`."""

    def say(self, text: str) -> None:
        """Say something to the user, in one line."""


class Rounds:
    """An evacuation while it is carried out."""

    def __init__(
        self, record: Evacuation, world: World, moved: Mapping[str, Moved] | None = None, *, stops: bool = False
    ) -> None:
        """Take the record, and the last run of each guest by UUID.

        With `stops`, the first round in which a guest does not arrive is the last.
        """
        self.record, self._world, self._stops = record, world, stops
        self.moved: dict[str, Moved] = dict(moved or {})
        self.halt: Halt | None = None
        #: Runs of the record whose end is known.
        self._ended = len(record.runs)

    def run(self) -> str | None:
        """Run rounds until no guest is left that can leave; return why the last one began nothing, if so."""
        while True:
            known = self._known()
            why = self.once(self.record.planned)
            if self.halt is not None or self._stops or not self.left():
                return why
            if known == self._known():
                return why  # nothing has come of it, and nothing would
            if not self.plan_anew():
                return why

    def once(self, legs: Sequence[Leg]) -> str | None:
        """Carry out these runs; return why nothing was begun, if so."""
        done = self._world.carry_out(legs, self)
        names = {guest.uuid: guest.name for guest in self.record.guests}
        for closed in done.closed:
            self._close(closed)
            if closed.guest is not None:
                name = named(names.get(closed.guest, closed.guest))
                self._world.say(f"{name} does not go to {closed.destination}: {closed.why}")
        for ended in done.ended:
            self.take(ended)
        self._ended = len(self.record.runs)
        self.halt = done.halt or self.halt
        return done.refused

    def cut_off(self) -> Evacuation:
        """Return the record with only those runs that were begun and of whose end nothing was returned."""
        return self.record.model_copy(update={"runs": self.record.runs[self._ended :]})

    def plan_anew(self) -> bool:
        """Plan for the guests that are left; return False if nothing is to be begun."""
        try:
            found = self._world.plan_anew(self.left(), self.record.closed)
        except (Refused, UserError) as why:
            self._world.say(f"the remaining guests are not planned anew: {why}")
            return False
        update = {name: getattr(found, name) for name in ("planned", "staying", "seconds", "width")}
        self.record = self.record.model_copy(update=update)
        return bool(found.planned)

    def begin(self, legs: Sequence[Leg]) -> None:
        """Record runs that are about to begin; raises `UserError`."""
        self.record = self.record.model_copy(update={"runs": (*self.record.runs, *legs), "planned": ()})
        self._world.write(self.record)

    def take(self, ended: Ended) -> None:
        """Take over how a run ended, and close the ways that failed.

        Where several guests have failed and none has arrived, the destination is to blame rather than a guest.
        """
        destination = ended.destination
        self.moved |= {row.uuid: Moved(ended.source, destination, row) for row in ended.rows}
        failed = [row for row in ended.rows if row.began and row.result is Result.STAYED]
        for row in failed:
            self._close(
                closed_way(destination, f"it did not arrive there: {row.error or row.why or 'it came back'}", row.uuid)
            )
        known = {one.guest for one in self.record.closed if one.destination == destination}
        arrived = any(one.has_arrived and one.destination == destination for one in self.moved.values())
        if failed and len(known) >= _BLAMED and not arrived and None not in known:
            last = failed[-1]
            self._close(closed_way(destination, f"{last.name} did not arrive there either: {last.error or last.why}"))

    def end(self, *, over: bool) -> None:
        """Record that nothing further is done now."""
        self.record = self.record.model_copy(update={"over": over})
        self._world.write(self.record)

    def is_settled(self) -> bool:
        """Report whether each guest is on one host as it was."""
        return all(one.is_settled for one in self.moved.values())

    def left(self) -> tuple[str, ...]:
        """Return the UUIDs of the guests that are on the emptied host as they were, as far as is known."""
        home = self.record.source.name
        return tuple(guest.uuid for guest in self.record.guests if self._place_of(guest.uuid) == home)

    def away(self) -> Mapping[str, Sequence[str]]:
        """Return the UUIDs of the guests that are on other hosts, by the host."""
        found: dict[str, list[str]] = {}
        for guest in self.record.guests:
            place = self._place_of(guest.uuid)
            if place is not None and place != self.record.source.name:
                found.setdefault(place, []).append(guest.uuid)
        return found

    def _place_of(self, uuid: str) -> str | None:
        """Return the host that has a guest; None if that is not settled."""
        moved = self.moved.get(uuid)
        if moved is None:
            return self.record.source.name
        if not moved.is_settled:
            return None
        return moved.destination if moved.has_arrived else moved.source

    def _known(self) -> tuple[int, int]:
        """Return what each round must add to: closed ways, and guests that have left."""
        return len(self.record.closed), len(self.record.guests) - len(self.left())

    def _close(self, closed: Closed) -> None:
        if not self.record.home:  # each way home is tried once
            self.record = self.record.model_copy(update={"closed": (*self.record.closed, closed)})
        if closed.guest is None:
            self._world.say(f"{closed.destination} takes no further guests: {closed.why}")
