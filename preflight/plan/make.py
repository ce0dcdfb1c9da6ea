"""What a run will do, worked out from a report that says it can be done; or why it is refused.

A plan can be kept in a file and run later: it holds a digest of every fact that a rule which can block reads.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from pydantic import ValidationError

from preflight import __version__
from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests, GuestState
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.system.identity import HostIdentity
from preflight.host import Guest, Host
from preflight.judge.check import Checked
from preflight.judge.report import Outcome, Verdict
from preflight.request.method import Method
from preflight.request.migration import Migration
from preflight.rule import Severity
from preflight.schema.complaint import explained
from preflight.schema.plan import Identity, MigrationPlan, PlannedGuest

#: Seconds for which a plan may be run, unless another time is asked for.
LAPSES_AFTER = 24 * 3600.0
#: How many at a time where the link's speed is not known; see `forecast` for where it is.
WIDTH = 4
#: Connections of preflight's own at each end, beside one a lane: the one that looks and steers.
OWN_CONNECTIONS = 1
#: Seconds between two starts. A managed migration uses connections that are open; in peer-to-peer mode the source's
#: daemon logs in anew for each, and started a second apart none is refused (docs/capacity.md).
SPACING, SPACING_OF_LOGINS = 0.05, 1.0


class Refused(Exception):
    """The migration is not started. The text is one line for the user."""


class PlanError(UserError):
    """The file is no plan, or cannot be written or read. The text is one line for the user."""


def identity_of(host: Host) -> Identity:
    """Of a host that has answered; raises `Refused` where it does not say who it is."""
    try:
        known = host.fact(HostIdentity)
    except Unreadable as why:
        raise Refused(f"refused: the {host.role.value} does not say which machine it is: {why}") from None
    with _of_its_form():
        return Identity(uuid=known.uuid, machine_id=known.machine_id)


@contextlib.contextmanager
def _of_its_form() -> Iterator[None]:
    """Raise `Refused` for what could be carried out now, and neither be kept nor gone on with."""
    try:
        yield
    except ValidationError as why:
        raise Refused(f"refused: the plan would hold what no plan may: {explained(why)}") from None


class Pace(Struct, frozen=True):
    """How many at a time and why; the time that each and all take, where the link's speed is known."""

    width: int
    because: str
    seconds_each: Mapping[str, float]
    seconds: float | None = None
    calls: int = 1


def refuse_unless_ready(checked: Checked) -> None:
    """Raise `Refused` unless the report says READY, of every guest."""
    verdict = checked.report.verdict
    if verdict is not Verdict.READY:
        raise Refused(f"refused: the check says {verdict.value.replace('-', ' ').upper()}")
    if not checked.guests:
        raise Refused("refused: there is no guest to move")


def plan(
    checked: Checked,
    method: Method,
    pace: Pace,
    digests: Mapping[str, str],
    *,
    is_uri_given: bool = False,
    ignore: Iterable[str] = (),
    lapses_after: float = LAPSES_AFTER,
) -> MigrationPlan:
    """The plan for the guests that were checked; raises `Refused` unless the report says READY."""
    refuse_unless_ready(checked)
    if len(checked.guests) > 1 and (method.dname or method.xml or method.persistent_xml):
        raise UserError("--dname, --xml and --persistent-xml are about one guest: name it")
    report = checked.report
    now = time.time()
    guests = [planned_guest(guest, checked, pace) for guest in checked.guests]
    with _of_its_form():
        return MigrationPlan(
            preflight_version=__version__,
            made=now,
            lapses=now + lapses_after,
            source=report.source.name,
            destination=report.destination.name,
            source_identity=identity_of(checked.source),
            destination_identity=identity_of(checked.destination),
            transport=report.migration.transport,
            destination_uri=report.migration.destination_uri or "",
            is_uri_given=is_uri_given,
            method=method,
            guests=in_order(guests),
            width=pace.width,
            because=pace.because,
            calls=pace.calls,
            spacing=spacing(report.migration),
            seconds=pace.seconds,
            warnings=sum(
                result.outcome is Outcome.FAILED and result.severity is Severity.WARNING for result in report.results
            ),
            ignore=tuple(ignore),
            digests=dict(digests),
        )


def spacing(migration: Migration) -> float:
    """Seconds between two starts."""
    return SPACING_OF_LOGINS if migration.peer_to_peer else SPACING


def planned_guest(guest: Guest, checked: Checked, pace: Pace) -> PlannedGuest:
    """The guest as a plan has it."""
    with _of_its_form():
        return PlannedGuest(
            name=guest.name,
            uuid=guest.uuid,
            active=guest.running,
            paused=guest.state is GuestState.PAUSED,
            persistent=guest.persistent,
            autostart=guest.autostart,
            memory_kib=guest.memory_kib,
            touched_kib=_touched(guest, checked.source),
            is_defined_there=_is_known(guest, checked.destination),
            seconds=pace.seconds_each.get(guest.name),
        )


def _touched(guest: Guest, source: Host) -> int:
    try:
        touched = source.fact(GuestMemory).touched_kib.get(guest.name, guest.memory_kib)
    except Unreadable:
        return guest.memory_kib
    return min(touched, guest.memory_kib)


def _is_known(guest: Guest, destination: Host) -> bool:
    try:
        return destination.fact(Guests).by_uuid(guest.uuid) is not None
    except Unreadable:
        return True  # then nothing of it is taken away there


def in_order(guests: Sequence[PlannedGuest]) -> tuple[PlannedGuest, ...]:
    """A canary, the least of those that are active; then those that take longest; at the end those that are off."""
    active = sorted((one for one in guests if one.active), key=lambda one: (-_size(one), one.name))
    off = sorted((one for one in guests if not one.active), key=lambda one: one.name)
    return (*active[-1:], *active[:-1], *off)


def _size(guest: PlannedGuest) -> float:
    return guest.touched_kib if guest.seconds is None else guest.seconds * 1e9
