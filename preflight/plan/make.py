"""The plan of a run, made from a report with the verdict READY, or the reason for a refusal.

A plan can be written to a file and run later: it contains a digest of every fact that a blocking rule uses.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from preflight import __version__
from preflight.capacity.path import LOGIN_RATE, counts_data
from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests, GuestState
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.system.identity import HostIdentity
from preflight.host import Guest, Host
from preflight.judge.check import Checked
from preflight.judge.ready import Stays
from preflight.judge.report import Outcome, Verdict
from preflight.request.method import Method
from preflight.request.migration import Role
from preflight.rule import Severity
from preflight.schema.document import Wrong, held
from preflight.schema.fields import MOST_SAID
from preflight.schema.plan import Identity, MigrationPlan, PlannedGuest, StayingGuest
from preflight.visible import encodable

#: The default number of seconds for which a plan can be run.
LAPSES_AFTER = 24 * 3600.0
#: The number of concurrent migrations if the speed of the link is not known; otherwise see `forecast`.
WIDTH = 4
#: preflight's own connections to each host in addition to one for each lane: the one that observes and controls.
OWN_CONNECTIONS = 1
#: Seconds between two starts. A managed migration uses open connections; in peer-to-peer mode the source's daemon logs
#: in again for each, and if they are started one second apart, none is refused (docs/capacity.md).
SPACING, SPACING_OF_LOGINS = 0.05, 1.0


#: Why a run is refused for which no guest is chosen, and what to do.
NO_GUEST = "there is no guest to migrate: name guests, or give --all for those that are off, too"


class Refused(Exception):
    """The migration is not started. The text is one line for the user."""


class PlanError(UserError):
    """The file is not a plan, or cannot be written or read. The text is one line for the user."""


def identity_of(host: Host) -> Identity:
    """Return the identity of a host that answered; raises `Refused` if the host does not report it."""
    try:
        known = host.fact(HostIdentity)
    except Unreadable as why:
        raise Refused(
            f"refused: the {host.role.value} does not report which machine it is: {why}; `preflight doctor` says"
            " what its login lacks"
        ) from None
    with _of_its_form():
        return Identity(uuid=known.uuid, machine_id=known.machine_id)


@contextlib.contextmanager
def _of_its_form() -> Iterator[None]:
    """Raise `Refused` for a value that no plan and no journal can hold."""
    try:
        with held():
            yield
    except Wrong as why:
        raise Refused(
            f"refused: the plan would contain a value that no plan can hold: {why}; correct it on the host"
        ) from None


class Pace(Struct, frozen=True):
    """The number of concurrent migrations with its reason, and the durations if the speed of the link is known."""

    width: int
    because: str
    seconds_each: Mapping[str, float]
    seconds: float | None = None
    calls: int = 1


def refuse_unless_ready(checked: Checked) -> None:
    """Raise `Refused` unless the verdict is READY, for every guest."""
    verdict = checked.report.verdict
    if verdict is not Verdict.READY:
        said = verdict.value.replace("-", " ").upper()
        raise Refused(f"refused: the check says {said}: take the next step that its report names")
    if not checked.guests:
        raise Refused(f"refused: {NO_GUEST}")


def plan(
    checked: Checked,
    method: Method,
    pace: Pace,
    digests: Mapping[str, str],
    *,
    is_uri_given: bool = False,
    ignore: Iterable[str] = (),
    lapses_after: float = LAPSES_AFTER,
    stays: Iterable[Stays] = (),
) -> MigrationPlan:
    """Return the plan for the guests that were checked; raises `Refused` unless the verdict is READY.

    `stays` are the guests that were selected too, and are not READY.
    """
    refuse_unless_ready(checked)
    if len(checked.guests) > 1 and (method.dname or method.xml or method.persistent_xml):
        raise UserError("--dname, --xml and --persistent-xml apply to one guest: name it")
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
            spacing=spacing(checked),
            seconds=pace.seconds,
            warnings=sum(
                result.outcome is Outcome.FAILED and result.severity is Severity.WARNING for result in report.results
            ),
            ignore=tuple(ignore),
            digests=dict(digests),
            stays=tuple(map(_staying, stays)),
        )


def _staying(one: Stays) -> StayingGuest:
    return StayingGuest(name=one.name, uuid=one.uuid, rule=one.rule, why=encodable(one.why)[:MOST_SAID])


def spacing(checked: Checked, role: Role | None = None) -> float:
    """Return the seconds between two starts, of both hosts or of one: more than usual where a firewall limits them."""
    migration = checked.report.migration
    usual = SPACING_OF_LOGINS if migration.peer_to_peer else SPACING
    active = sum(guest.running for guest in checked.guests)
    # all guests share preflight's own login to the source, and in a managed migration that to the destination
    rates = [
        limit.interval
        for limit in checked.report.capacity.limits
        if limit.interval is not None
        and role in (None, limit.host)
        and (counts_data(limit) or migration.peer_to_peer)
        and not (limit.host is Role.SOURCE and limit.name == LOGIN_RATE)
        and active > ((limit.allows if limit.in_turn is None else limit.in_turn) or 0)
    ]
    return max(usual, *rates) if rates else usual


def planned_guest(guest: Guest, checked: Checked, pace: Pace) -> PlannedGuest:
    """Return the guest as a part of a plan."""
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
        return True  # so that nothing is removed there


def in_order(guests: Sequence[PlannedGuest]) -> tuple[PlannedGuest, ...]:
    """Return the smallest active guest as a canary, the others with the longest first, and then those that are off."""
    active = sorted((one for one in guests if one.active), key=lambda one: (-_size(one), one.name))
    off = sorted((one for one in guests if not one.active), key=lambda one: one.name)
    return (*active[-1:], *active[:-1], *off)


def _size(guest: PlannedGuest) -> float:
    return guest.touched_kib if guest.seconds is None else guest.seconds * 1e9
