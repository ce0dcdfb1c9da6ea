"""`preflight evacuate`: place the guests of a host on others, show that, ask, migrate, and later bring them home."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from preflight.commands.evacuation import Hosts, Manners, carried_out, code_of, plan_of, told
from preflight.commands.migrate import ARRIVED, Wanted, agree, refused, resumable
from preflight.commands.next_command import to_come_home
from preflight.commands.run_check import asked_for
from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.evacuate.planning import Planned, Request
from preflight.evacuate.rounds import Rounds
from preflight.evacuate.rows import moved_by
from preflight.evacuate.wishes import Wishes
from preflight.migrate import call
from preflight.output.evacuation import plan as shown_plan
from preflight.plan.make import NO_GUEST, Refused
from preflight.plan.program_words import refuse_words, words_of
from preflight.request.check_request import Selection
from preflight.schema.evacuation import Evacuation, Leg
from preflight.visible import clean

#: The exit codes of a plan by which a guest stays, or which does not fit into the window, and of one of which that is
#: not known.
NOT_ALL, UNDETERMINED = 1, 3


def show_plan(request: Request, manners: Manners, path: Path) -> int:
    """Plan, print the plan, write it, and return the exit code; raises `UserError`."""
    try:
        found = plan_of(request, manners)
    except Refused as why:
        return refused(why)
    records.write(path, found.record, replace=False)
    sys.stdout.write(clean(shown_plan.text(found)))
    print(f"{path}: run it with `preflight evacuate {path}`")
    if found.answer.stays or found.in_time is False:
        return NOT_ALL
    return UNDETERMINED if found.in_time is None else ARRIVED


def evacuate(request: Request, manners: Manners) -> int:
    """Plan, show the plan, ask, move the guests, and return the exit code; raises `UserError`."""
    for name in request.saved:
        raise UserError(f"{name}: a snapshot takes and sends no guests: name real hosts, or plan with --plan")
    call.refuse_unknown(request.asked.method)
    try:
        found = plan_of(request, manners)
        sys.stderr.write(clean(shown_plan.text(found)))
        _refuse(found, asks=manners.wanted.ask is not None)
    except Refused as why:
        return refused(why)
    if (code := agree(manners.wanted.ask, "migrate?")) is not None:
        return code
    return _begin(manners.wanted.journal or records.default_path(request.source), request, manners, found.record)


def _refuse(found: Planned, *, asks: bool) -> None:
    """Raise `Refused` if nobody can leave, or if nobody is asked and it is not certain to fit into the window."""
    if not found.answer.moves:
        stays = "no guest can leave: see in the plan above what keeps each"
        raise Refused(f"refused: {stays if found.answer.stays else NO_GUEST}")
    if asks or found.in_time:
        return
    if found.in_time is None:
        raise Refused("refused: it is not known whether the evacuation fits into the window: give --link")
    raise Refused(
        "refused: the evacuation does not fit into the window: raise --window, or leave guests out with --except"
    )


def run_plan(path: Path, manners: Manners, *, timeout: float) -> int:
    """Run a plan from a file, guest by guest as it says; return the exit code. Raises `UserError`."""
    record, doubt = records.read_own(path)
    if record.runs:
        raise UserError(f"{path}: this evacuation was begun already: preflight evacuate --resume {path}")
    if not record.planned:
        return refused("refused: the plan moves no guest: make a new plan")
    refuse_words_of(path, record, doubt, manners.wanted)
    call.refuse_unknown(record.method)
    sys.stderr.write(clean(shown_plan.of_record(record)))
    if (code := agree(manners.wanted.ask, "migrate?")) is not None:
        return code
    new = manners.wanted.journal or records.default_path(record.source.name)
    return _begin(new, request_of(record, manners.wanted, timeout), manners, record)


def _begin(path: Path, request: Request, manners: Manners, record: Evacuation) -> int:
    records.create(path, record)
    print(f"journal      {path}", file=sys.stderr)
    with records.held(path):
        rounds = Rounds(record, Hosts(path, request, manners), stops=manners.stops)
        return _ended(path, rounds, manners.wanted, lambda: told(rounds, carried_out(path, rounds, rounds.run)))


def _ended(path: Path, rounds: Rounds, wanted: Wanted, go: Callable[[], int]) -> int:
    """Carry out an evacuation, or continue it; its last line is the command that resumes it, or brings guests home."""
    code = resumable(path, wanted.confirmed, go, command="evacuate")
    if code == ARRIVED and not rounds.record.home:
        print(to_come_home(path, wanted.confirmed), file=sys.stderr)
    return code


def back(path: Path, manners: Manners, *, timeout: float) -> int:
    """Bring the guests of an evacuation home, after a check of each way and a question; return the exit code."""

    def go(rounds: Rounds) -> int:
        if not rounds.is_settled():
            return refused(
                "refused: it is not settled where each guest is: continue it first with preflight evacuate --resume"
                f" {path}"
            )
        legs = legs_home(rounds)
        if not legs:
            return refused(
                f"refused: no guest of {rounds.record.source.name} is on another host: `preflight status {path}`"
                " names their places"
            )
        before = rounds.record
        rounds.record = before.model_copy(update={"home": True, "planned": ()})
        why = carried_out(path, rounds, partial(rounds.once, legs))
        if why is not None and rounds.record.runs == before.runs:
            rounds.record = before
            return code_of(rounds, refused(why))
        return told(rounds, why)

    return continued(path, manners, go, timeout=timeout)


def legs_home(rounds: Rounds) -> Sequence[Leg]:
    """Return the runs that bring home the guests that are on other hosts."""
    home = rounds.record.source.name
    return [
        Leg(source=host, destination=home, guests=tuple(guests), width=None) for host, guests in rounds.away().items()
    ]


def continued(path: Path, manners: Manners, go_on: Callable[[Rounds], int], *, timeout: float) -> int:
    """Continue an evacuation that was begun, under the lock of its record; raises `UserError`."""
    with records.held(path):
        record, doubt = records.read_own(path)
        refuse_words_of(path, record, doubt, manners.wanted)
        hosts = Hosts(path, request_of(record, manners.wanted, timeout), manners)
        rounds = Rounds(record, hosts, moved_by(path, record), stops=manners.stops)
        return _ended(path, rounds, manners.wanted, lambda: go_on(rounds))


def request_of(record: Evacuation, wanted: Wanted, timeout: float) -> Request:
    """Return the request of a record, for the guests that it names."""
    asked = asked_for(
        record.source.name,
        record.source.name,
        Selection(guests=tuple(guest.uuid for guest in record.guests), as_they_are=True),
        record.method,
        transport=record.transport,
        ignore=record.ignore,
        site=wanted.site,
        timeout=timeout,
    )
    wishes = Wishes(
        reserve=record.reserve,
        overcommit=record.overcommit,
        apart=record.apart,
        together=record.together,
        window=record.window,
        link=record.link,
        weights=record.weights,
    )
    destinations = tuple(host.name for host in record.destinations)
    return Request(record.source.name, destinations, asked, wishes, addresses=record.addresses)


def refuse_words_of(path: Path, record: Evacuation, doubt: str | None, wanted: Wanted) -> None:
    """Raise `UserError` for a program or a key in a record that others can read or replace, unless it is confirmed."""
    hosts = {"source": record.source.name}
    hosts |= {f"destinations.{number}": host.name for number, host in enumerate(record.destinations)}
    refuse_words(path, words_of(hosts, record.method), doubt, wanted.confirmed)
