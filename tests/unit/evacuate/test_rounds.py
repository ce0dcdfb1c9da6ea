"""The rounds of an evacuation, in a world that moves nothing but says what would have come of it."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from preflight.errors import UserError
from preflight.evacuate.rounds import Anew, Carried, Ended, Halt, Rounds
from preflight.evacuate.rows import Moved, account
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.schema.evacuation import Closed, Evacuation, Leg
from tests.unit.evacuate.records import DB, NAMES, RECORD, WEB, leg, row

ARRIVED, STAYED, UNKNOWN = Result.ARRIVED, Result.STAYED, Result.UNKNOWN


class World:
    """Guests arrive unless their way is among those that fail; a plan sends each to the first open destination."""

    def __init__(self, fails: Sequence[tuple[str, str]] = (), *, unfit: Sequence[str] = ()) -> None:
        self.fails, self.unfit = set(fails), set(unfit)
        self.tried: list[tuple[str, str]] = []
        self.records: list[Evacuation] = []
        self.said: list[str] = []
        self.plans = 0
        self.halt: Halt | None = None
        self.lets_plan: UserError | None = None

    def carry_out(self, legs: Sequence[Leg], rounds: Rounds) -> Carried:
        closed = [Closed(guest=None, destination=one.destination, why="not READY") for one in legs if self._unfit(one)]
        fit = [one for one in legs if not self._unfit(one)]
        if not fit:
            return Carried(closed=tuple(closed), refused="refused: nothing is READY")
        rounds.begin(fit)
        ended = [Ended(one.source, one.destination, tuple(self._rows(one))) for one in fit]
        return Carried(ended=tuple(ended), closed=tuple(closed), halt=self.halt)

    def _unfit(self, one: Leg) -> bool:
        return one.destination in self.unfit

    def _rows(self, one: Leg) -> Any:
        failed = False
        for guest in one.guests:
            if failed:
                yield row(guest, STAYED, began=False)
                continue
            self.tried.append((NAMES[guest], one.destination))
            failed = (NAMES[guest], one.destination) in self.fails
            yield row(guest, STAYED if failed else ARRIVED, error="no" if failed else None)

    def plan_anew(self, left: Sequence[str], closed: Sequence[Closed]) -> Anew:
        self.plans += 1
        if self.lets_plan is not None:
            raise self.lets_plan
        given_up = {(one.guest, one.destination) for one in closed}
        legs: dict[str, list[str]] = {}
        for guest in left:
            for destination in ("kvm2", "kvm3"):
                if given_up.isdisjoint({(guest, destination), (None, destination)}):
                    legs.setdefault(destination, []).append(guest)
                    break
        return Anew(tuple(leg(name, *guests) for name, guests in legs.items()), (), None)

    def write(self, record: Evacuation) -> None:
        self.records.append(record)

    def say(self, text: str) -> None:
        self.said.append(text)


def test_each_guest_goes_where_the_plan_says() -> None:
    world = World()
    rounds = Rounds(RECORD, world)
    assert rounds.run() is None
    assert world.tried == [("web", "kvm2"), ("db", "kvm3")]
    assert account(rounds.record, rounds.moved).is_done
    assert rounds.left() == ()
    assert rounds.away() == {"kvm2": [WEB], "kvm3": [DB]}
    assert world.plans == 0


def test_the_record_tells_of_runs_before_they_begin() -> None:
    world = World()
    Rounds(RECORD, world).run()
    first = world.records[0]
    assert [one.destination for one in first.runs] == ["kvm2", "kvm3"]
    assert first.planned == ()
    assert not first.over


def test_a_guest_that_comes_back_is_planned_anew_to_another_host() -> None:
    world = World([("web", "kvm2")])
    rounds = Rounds(RECORD, world)
    assert rounds.run() is None
    assert world.tried == [("web", "kvm2"), ("db", "kvm3"), ("web", "kvm3")]
    assert [(one.guest, one.destination, one.why) for one in rounds.record.closed] == [
        (WEB, "kvm2", "it did not arrive there: no")
    ]
    assert not world.said
    assert account(rounds.record, rounds.moved).is_done


def test_a_guest_that_fails_everywhere_keeps_no_other_from_leaving() -> None:
    world = World([("web", "kvm2"), ("web", "kvm3")])
    record = RECORD.model_copy(update={"planned": (leg("kvm3", WEB, DB),)})
    rounds = Rounds(record, world)
    rounds.run()
    assert rounds.left() == (WEB,)
    assert not world.said


def test_a_host_at_which_two_guests_fail_and_none_arrives_is_given_up() -> None:
    world = World([("web", "kvm2"), ("db", "kvm2")])
    record = RECORD.model_copy(update={"planned": (leg("kvm2", WEB, DB),)})
    rounds = Rounds(record, world)
    rounds.run()
    assert world.tried == [("web", "kvm2"), ("web", "kvm3"), ("db", "kvm2"), ("db", "kvm3")]
    assert world.said == ["kvm2 takes no further guests: db did not arrive there either: no"]
    assert account(rounds.record, rounds.moved).is_done


def test_a_host_at_which_a_guest_has_arrived_is_not_given_up() -> None:
    world = World([("db", "kvm2"), ("db", "kvm3")])
    record = RECORD.model_copy(update={"planned": (leg("kvm2", WEB, DB),)})
    rounds = Rounds(record, world)
    rounds.run()
    assert [one.guest for one in rounds.record.closed] == [DB, DB]
    assert not world.said


def test_it_ends_when_every_way_has_failed() -> None:
    world = World([(guest, host) for guest in ("web", "db") for host in ("kvm2", "kvm3")])
    rounds = Rounds(RECORD, world)
    rounds.run()
    assert set(rounds.left()) == {WEB, DB}
    assert len(world.tried) == len(set(world.tried)), "no way is tried twice"
    assert not account(rounds.record, rounds.moved).is_done


def test_it_ends_when_a_round_brings_nothing() -> None:
    """Memory that is missing keeps a guest from being begun, and closes no way."""

    class Full(World):
        def _rows(self, one: Leg) -> Any:
            return [row(guest, STAYED, began=False) for guest in one.guests]

    world = Full()
    rounds = Rounds(RECORD, world)
    rounds.run()
    assert world.plans == 0
    assert set(rounds.left()) == {WEB, DB}


def test_a_run_that_may_not_begin_closes_its_destination() -> None:
    world = World(unfit=["kvm2"])
    rounds = Rounds(RECORD, world)
    assert rounds.run() is None
    assert world.tried == [("db", "kvm3"), ("web", "kvm3")]
    assert world.said == ["kvm2 takes no further guests: not READY"]


def test_why_nothing_was_begun_is_returned_once_no_way_is_left() -> None:
    world = World(unfit=["kvm2", "kvm3"])
    rounds = Rounds(RECORD, world)
    assert rounds.run() == "refused: nothing is READY"
    assert not world.tried
    assert world.plans == 1
    assert rounds.record.runs == ()


def test_a_guest_that_turns_out_to_have_no_way_is_named_before_it_is_planned_anew() -> None:
    class Refusing(World):
        def carry_out(self, legs: Sequence[Leg], rounds: Rounds) -> Carried:
            self.carry_out = super().carry_out  # type: ignore[method-assign] # the second round is another one
            return Carried(closed=(Closed(guest=WEB, destination="kvm2", why="the rehearsal: no such network"),))

    world = Refusing()
    Rounds(RECORD, world).run()
    assert world.said == ["web does not go to kvm2: the rehearsal: no such network"]


def test_the_first_that_does_not_arrive_ends_it_if_so_wanted() -> None:
    world = World([("web", "kvm2")])
    rounds = Rounds(RECORD, world, stops=True)
    rounds.run()
    assert world.plans == 0
    assert rounds.left() == (WEB,)


def test_nothing_is_planned_anew_after_an_interruption() -> None:
    world = World([("web", "kvm2")])
    world.halt = Halt.INTERRUPTED
    rounds = Rounds(RECORD, world)
    rounds.run()
    assert rounds.halt is Halt.INTERRUPTED
    assert world.plans == 0


def test_a_plan_that_cannot_be_made_ends_it_with_the_reason() -> None:
    world = World([("web", "kvm2")])
    world.lets_plan = UserError("kvm1: has no guest 'db'")
    rounds = Rounds(RECORD, world)
    assert rounds.run() is None
    assert world.said[-1] == "the remaining guests are not planned anew: kvm1: has no guest 'db'"


def test_a_guest_of_which_nothing_is_known_is_left_where_it_is() -> None:
    rounds = Rounds(RECORD, World(), {WEB: Moved("kvm1", "kvm2", row(WEB, UNKNOWN))})
    assert not rounds.is_settled()
    assert rounds.left() == (DB,)
    assert rounds.away() == {}


def test_a_guest_that_was_not_begun_is_where_it_was_though_its_destination_is_silent() -> None:
    silent = structs.replace(row(WEB, UNKNOWN, began=False), source=Place.RUNNING)
    rounds = Rounds(RECORD, World(), {WEB: Moved("kvm1", "kvm2", silent)})
    assert rounds.is_settled()
    assert rounds.left() == (WEB, DB)


def test_a_guest_that_was_not_begun_and_that_the_source_does_not_have_is_not_settled() -> None:
    gone = structs.replace(row(WEB, UNKNOWN, began=False), source=Place.ABSENT)
    assert not Rounds(RECORD, World(), {WEB: Moved("kvm1", "kvm2", gone)}).is_settled()


def test_a_guest_that_arrived_otherwise_than_requested_is_away_and_not_done() -> None:
    rounds = Rounds(RECORD, World(), {WEB: Moved("kvm1", "kvm2", row(WEB, ARRIVED, why="autostart is not set"))})
    assert rounds.away() == {"kvm2": [WEB]}
    found = account(rounds.record, rounds.moved)
    assert [guest.is_done for guest in found.guests] == [False, False]


def test_the_way_home_is_tried_once_and_closes_nothing() -> None:
    moved = {WEB: Moved("kvm1", "kvm2", row(WEB, ARRIVED)), DB: Moved("kvm1", "kvm3", row(DB, ARRIVED))}
    world = World([("web", "kvm1")])
    rounds = Rounds(RECORD.model_copy(update={"home": True}), world, moved)
    rounds.once([leg("kvm1", WEB, source="kvm2"), leg("kvm1", DB, source="kvm3")])
    assert rounds.record.closed == ()
    assert rounds.left() == (DB,)
    assert rounds.away() == {"kvm2": [WEB]}
    found = account(rounds.record, rounds.moved)
    assert {guest.name: guest.is_done for guest in found.guests} == {"web": False, "db": True}
    rounds.end(over=False)
    assert world.records[-1].home


def test_only_runs_of_whose_end_nothing_is_known_are_cut_off() -> None:
    class Breaks(World):
        def carry_out(self, legs: Sequence[Leg], rounds: Rounds) -> Carried:
            if self.plans:
                rounds.begin(legs)
                raise UserError("no space left")
            return super().carry_out(legs, rounds)

    rounds = Rounds(RECORD, Breaks([("web", "kvm2")]))
    with pytest.raises(UserError):
        rounds.run()
    assert [one.destination for one in rounds.record.runs] == ["kvm2", "kvm3", "kvm3"]
    assert [(one.destination, one.guests) for one in rounds.cut_off().runs] == [("kvm3", (WEB,))]
