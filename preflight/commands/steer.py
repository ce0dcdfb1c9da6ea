"""`preflight steer`: change the migrations of a run while they run, on the source alone, by the run's journal."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from preflight.collect import questions
from preflight.collect.endpoints import own_transport
from preflight.collect.session import LiveVisit
from preflight.collect.sources import make_host, records_for
from preflight.commands.made import made_now
from preflight.commands.migrate import NOT_ARRIVED, REFUSED, refused
from preflight.connection.logins import close_all, open_channel
from preflight.connection.target import parse_target
from preflight.errors import UserError
from preflight.facts.system.identity import HostIdentity
from preflight.migrate import journal as journals
from preflight.migrate.end import End, run_event_loop
from preflight.migrate.orders import in_words
from preflight.migrate.past import Past, pasts
from preflight.migrate.run import Run
from preflight.migrate.same_host import SameHost
from preflight.migrate.steer import Answer, Steering, steer, why_not
from preflight.plan.make import Refused
from preflight.plan.program_words import refuse_programs
from preflight.plan.unchanged import refuse_other_hosts
from preflight.request.migration import Role
from preflight.schema.plan import MigrationPlan, PlannedGuest
from preflight.visible import named, one_line


class Wanted(Struct, frozen=True, kw_only=True):
    """The request: the guests by name or UUID, all that are under way if none is named, and the changes."""

    guests: tuple[str, ...]
    steering: Steering
    confirmed: tuple[str, ...] = ()
    #: Seconds for the login and the host's identity.
    timeout: float = 60.0


def run(path: Path, wanted: Wanted) -> int:
    """Make the changes, print what became of each, and return the exit code; raises `UserError`."""
    planned, entries, doubt = journals.read_own(path)
    if planned.rehearsal:
        raise UserError(f"{path}: the journal of a rehearsal, which ends by itself: name the journal of a migration")
    refuse_programs(path, planned, doubt, wanted.confirmed)
    refuse_postcopy(planned, wanted.steering)
    chosen, known = chosen_guests(planned, wanted.guests), pasts(entries)
    try:
        with _source(planned, wanted.timeout) as source:
            if not wanted.guests:
                chosen = _under_way(source, chosen, known)
            told = steered(source, path, chosen, known, wanted.steering)
    except Refused as why:
        return refused(why)
    if not journals.is_held(path):
        print(f"no preflight is at work on this run: `preflight migrate --resume {path}` settles its guests")
    failed = sum(answer.why is not None for answer in told)
    return 0 if not failed else REFUSED if failed == len(told) else NOT_ARRIVED


def refuse_postcopy(planned: MigrationPlan, wanted: Steering) -> None:
    """Raise `UserError` if the migrations cannot be switched to post-copy, since libvirt was not told of it before."""
    if wanted.postcopy and not planned.method.postcopy:
        raise UserError(
            "--postcopy: the run was started without --postcopy, so libvirt cannot switch its migrations: give"
            " --bandwidth, --max-downtime or --abort"
        )


def steered(
    source: End, path: Path, guests: Sequence[PlannedGuest], known: Mapping[str, Past], wanted: Steering
) -> list[Answer]:
    """Make the changes to these guests, and print and return what became of each."""
    made = made_now()
    by = f"{made.user} on {made.machine}"
    told = []
    for guest in guests:
        for answer in steer(source, path, guest, known.get(guest.uuid, Past()), wanted, by):
            _print(answer)
            told.append(answer)
    return told


def steer_first(run: Run, known: Mapping[str, Past], wanted: Steering) -> None:
    """Make the changes to the migrations that are under way when a run is resumed; after an abort none is begun."""
    guests = [one for one in run.plan.live if why_not(run.source, one, known.get(one.uuid, Past())) is None]
    steered(run.source, run.journal.path, guests, known, wanted)
    if wanted.abort:
        run.stop("--abort: no further guest is started")
        run.aborting.set()


def _print(answer: Answer) -> None:
    done = f"{named(answer.guest)}: {in_words(answer.act, answer.value)}: {answer.why or 'done'}"
    print(one_line(done), file=sys.stdout if answer.why is None else sys.stderr, flush=True)


def chosen_guests(planned: MigrationPlan, words: Sequence[str]) -> Sequence[PlannedGuest]:
    """Return the guests of the plan that are named by name or UUID, each once, or all; raises `UserError`."""
    if not words:
        return planned.live
    known = {key: guest for guest in planned.guests for key in (guest.uuid, guest.name)}
    for word in words:
        if word not in known:
            names = ", ".join(sorted(guest.name for guest in planned.guests))
            raise UserError(f"the run has no guest {word!r}; it has: {names}")
    return tuple({known[word].uuid: known[word] for word in words}.values())


def _under_way(source: End, guests: Sequence[PlannedGuest], known: Mapping[str, Past]) -> Sequence[PlannedGuest]:
    """Return those of which a migration by this run is under way; raises `Refused` if there is none."""
    why = {guest.name: why_not(source, guest, known.get(guest.uuid, Past())) for guest in guests}
    found = [guest for guest in guests if why[guest.name] is None]
    if not found:
        reasons = dict.fromkeys(filter(None, why.values()))
        only = next(iter(reasons), "") if len(reasons) == 1 else "preflight status says how far each came"
        raise Refused(f"refused: no migration of this run is under way ({only}): see `preflight status`")
    return found


@contextlib.contextmanager
def _source(planned: MigrationPlan, timeout: float) -> Iterator[End]:
    """Yield the source's libvirt; the destination, which may be why a migration has to be steered, is not asked.

    Raises `Refused` if the host is not the plan's, or does not answer.
    """
    target = parse_target(planned.source)
    channel = open_channel(target, questions.PRELUDE, timeout)
    try:
        visit = LiveVisit(
            target, channel, records_for({HostIdentity}), own_transport(target), role=Role.SOURCE, timeout=timeout
        )
        answers = visit.first()
        visit.end_libvirt()
        refuse_other_hosts(planned, make_host(Role.SOURCE, visit.name, answers))
        run_event_loop()
        with contextlib.closing(
            End(visit.name, SameHost(visit, planned.source_identity).connect, planned.calls)
        ) as end:
            yield end
    finally:
        close_all([channel])
