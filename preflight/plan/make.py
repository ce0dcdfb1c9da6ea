"""What a run will do, worked out from a report that says it can be done; or why it is refused.

A plan can be kept in a file and run later: it holds a digest of every fact that a rule which can block reads.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from preflight.errors import UserError
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.limits import DaemonLimits
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.guest.guests import Guests, GuestState
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.memory.host import HostMemory
from preflight.facts.network.listening import Listening
from preflight.facts.ssh.sshd import SshdListener
from preflight.facts.storage.paths import Storage
from preflight.facts.system.identity import HostIdentity
from preflight.fields import (
    ERRORS,
    Digest,
    GuestName,
    Kib,
    Line,
    MachineId,
    Moment,
    Seconds,
    Uuid,
    Word,
    explained,
)
from preflight.host import Guest, Host
from preflight.judge.check import Checked
from preflight.judge.report import Outcome, Verdict
from preflight.judge.ruleset import Rule
from preflight.request.method import Method
from preflight.request.migration import Migration, Role, Transport
from preflight.rule import Severity

#: The version of the file's format. 2: both hosts' identities.
FORMAT = 2
#: Guests in one plan. Judging them takes seconds for a thousand, and no host has as many.
MOST_GUESTS = 5_000
#: Seconds for which a plan may be run, unless another time is asked for.
LAPSES_AFTER = 24 * 3600.0
#: How many at a time where the link's speed is not known; see `forecast` for where it is.
WIDTH = 4
#: Connections of preflight's own at each end, beside one a lane: the one that looks and steers.
OWN_CONNECTIONS = 1
#: Seconds between two starts. A managed migration uses connections that are open; in peer-to-peer mode the source's
#: daemon logs in anew for each, and started a second apart none is refused (docs/capacity.md).
SPACING, SPACING_OF_LOGINS = 0.05, 1.0

#: Facts that change from one moment to the next by themselves. What rules make of them is judged anew before a plan is
#: run, so it need not be the same, only good enough.
PASSING: frozenset[type[Fact]] = frozenset(
    (DaemonLimits, Daemons, GuestMemory, HostMemory, Listening, SshdListener, Storage)
)


class Refused(Exception):
    """The migration is not started. The text is one line for the user."""


class PlanError(UserError):
    """The file is no plan, or cannot be written or read. The text is one line for the user."""


#: What a plan that was changed by hand is held to when it is read. Between two starts nobody waits as long as a day.
Count = Annotated[int, Meta(ge=1, le=65535)]
Spacing = Annotated[float, Meta(ge=0, le=24 * 3600.0)]


class Identity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which machine a host is, whatever name leads to it."""

    #: libvirt's own UUID for the host.
    uuid: Uuid
    #: /etc/machine-id; None where there is none.
    machine_id: MachineId | None

    @classmethod
    def of(cls, host: Host) -> "Identity":
        """Of a host that has answered; raises `Refused` where it does not say who it is."""
        try:
            known = host.fact(HostIdentity)
        except Unreadable as why:
            raise Refused(f"refused: the {host.role.value} does not say which machine it is: {why}") from None
        return cls(uuid=known.uuid, machine_id=known.machine_id)


class PlannedGuest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One guest, and what it was when the plan was made. An active one is moved live, another by its definition."""

    name: GuestName
    uuid: Uuid
    active: bool
    paused: bool
    persistent: bool
    autostart: bool
    memory_kib: Kib
    #: KiB that it has touched, as far as its QEMU tells: what has to be sent.
    touched_kib: Kib
    #: Whether the destination has a definition of it already.
    is_defined_there: bool = False
    #: Seconds that it will take by the pre-copy model; None where the link's speed is not known.
    seconds: Seconds | None = None


class MigrationPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole run: which guests, in which order, how many at a time, and how. Hosts are as the user named them."""

    preflight_plan: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    made: Moment
    lapses: Moment
    source: Line
    destination: Line
    #: Which machines these names led to when the plan was made.
    source_identity: Identity
    destination_identity: Identity
    transport: Transport
    #: The URI of the destination's libvirt as whoever opens the control connection uses it.
    destination_uri: Line
    #: Whether the user gave that URI.
    is_uri_given: bool = False
    method: Method
    #: In the order in which they start. The first goes alone where there are others.
    guests: Annotated[tuple[PlannedGuest, ...], Meta(min_length=1, max_length=MOST_GUESTS)]
    #: How many at a time, and what decides that.
    width: Count
    because: Line
    spacing: Spacing
    #: Calls that the connection which looks and steers may have outstanding, by max_client_requests of the source.
    calls: Count = 1
    #: Seconds for all of them by the pre-copy model; None where the link's speed is not known.
    seconds: Seconds | None = None
    warnings: Annotated[int, Meta(ge=0, le=2**31)] = 0
    ignore: tuple[Word, ...] = ()
    #: By end and fact, as "source QemuConf".
    digests: dict[Word, Digest] = {}

    @property
    def live(self) -> tuple[PlannedGuest, ...]:
        """The guests that are active."""
        return tuple(guest for guest in self.guests if guest.active)

    @property
    def off(self) -> tuple[PlannedGuest, ...]:
        """The guests that are not."""
        return tuple(guest for guest in self.guests if not guest.active)


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
    made = MigrationPlan(
        made=now,
        lapses=now + lapses_after,
        source=report.source.name,
        destination=report.destination.name,
        source_identity=Identity.of(checked.source),
        destination_identity=Identity.of(checked.destination),
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
    try:
        decode(encode(made))
    except ERRORS as why:  # it could be carried out now, and neither be kept nor gone on with
        raise Refused(f"refused: the plan would hold what no plan may: {explained(why)}") from None
    return made


def spacing(migration: Migration) -> float:
    """Seconds between two starts."""
    return SPACING_OF_LOGINS if migration.peer_to_peer else SPACING


def encode(planned: MigrationPlan) -> bytes:
    """The plan as a document."""
    return msgspec.json.encode(planned)


def decode(document: bytes) -> MigrationPlan:
    """The plan of a document, held to its form; raises one of `fields.ERRORS`."""
    planned = msgspec.json.decode(document, type=MigrationPlan)
    refuse_twice(planned)
    return planned


def refuse_twice(planned: MigrationPlan) -> None:
    """Raise `msgspec.ValidationError` where a plan has a guest twice."""
    for field in ("name", "uuid"):
        seen: set[str] = set()
        for guest in planned.guests:
            text = getattr(guest, field)
            if text in seen:
                raise msgspec.ValidationError(f"the guest {text} is in it twice - at `$.guests`")
            seen.add(text)


def planned_guest(guest: Guest, checked: Checked, pace: Pace) -> PlannedGuest:
    """The guest as a plan has it."""
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


def digests(checked: Checked, rules: Iterable[Rule]) -> dict[str, str]:
    """What every rule that can block reads of either host, as a digest a fact. Of guests those that are moved."""
    blocking = [rule for rule in rules if rule.body.severity is Severity.ERROR]
    found: dict[str, str] = {}
    for role, host in ((Role.SOURCE, checked.source), (Role.DESTINATION, checked.destination)):
        kinds = {kind for rule in blocking for kind in rule.facts(role)} - PASSING
        for kind in sorted(kinds, key=lambda one: one.__name__):
            if kind is not Guests:
                found[f"{role.value} {kind.__name__}"] = _digest(_value(host, kind))
    for guest in checked.guests:
        found[f"guest {guest.uuid}"] = _digest(msgspec.structs.replace(guest, job=0, operation=None))
    return found


def _value(host: Host, kind: type[Fact]) -> object:
    try:
        return host.fact(kind)
    except Unreadable as why:
        return str(why)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(_ordered(value)).encode()).hexdigest()[:16]


def _ordered(value: object) -> object:
    """The same in an order that does not change from one run of Python to the next."""
    if isinstance(value, Struct):
        return [(name, _ordered(getattr(value, name))) for name in value.__struct_fields__]
    if isinstance(value, Mapping):
        return sorted(((_ordered(key), _ordered(each)) for key, each in value.items()), key=repr)
    if isinstance(value, AbstractSet):
        return sorted(map(_ordered, value), key=repr)
    if isinstance(value, tuple | list):
        return [_ordered(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
