"""Changes the migrations of a run while they run: the bandwidth, the downtime, the switch to post-copy, their end.

Each change is one call of libvirt on the source, so it works in every mode, and also after the client that began the
migration has died. The run's own process learns of it from the file of `orders`.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from preflight.migrate import orders
from preflight.migrate.end import End, HostSilent
from preflight.migrate.hypervisor import Domain
from preflight.migrate.observation import BY_MIGRATION, IN_POSTCOPY, Place, Sighting
from preflight.migrate.orders import Act, Order, State
from preflight.migrate.own_job import is_own
from preflight.migrate.past import Past
from preflight.schema.plan import MigrationPlan, PlannedGuest

#: VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY, which bindings before 5.1 lack.
_OF_POSTCOPY = 1


class Steering(Struct, frozen=True, kw_only=True):
    """The changes that are wanted: MiB/s, milliseconds, and whether to switch to post-copy or to abort."""

    bandwidth: int | None = None
    max_downtime: int | None = None
    postcopy: bool = False
    abort: bool = False

    @property
    def acts(self) -> tuple[tuple[Act, int | None], ...]:
        """Return the changes in the order in which they are made, each with its value."""
        wanted = (
            (Act.BANDWIDTH, self.bandwidth, self.bandwidth is not None),
            (Act.MAX_DOWNTIME, self.max_downtime, self.max_downtime is not None),
            (Act.POSTCOPY, None, self.postcopy),
            (Act.ABORT, None, self.abort),
        )
        return tuple((act, value) for act, value, is_wanted in wanted if is_wanted)

    def applied_to(self, plan: MigrationPlan) -> MigrationPlan:
        """Return the plan whose migrations begin with the bandwidth and the downtime that are wanted."""
        values = {"bandwidth": self.bandwidth, "max_downtime": self.max_downtime}
        given = {name: value for name, value in values.items() if value is not None}
        return plan.model_copy(update={"method": replace(plan.method, **given)}) if given else plan


class Answer(Struct, frozen=True):
    """What became of one change to one guest's migration; `why` is the reason if it was not made."""

    guest: str
    act: Act
    value: int | None = None
    why: str | None = None


class _NotUnderWay(Exception):
    """No job of this run is running on the guest. The text is the reason."""


def why_not(source: End, guest: PlannedGuest, past: Past) -> str | None:
    """Return why no migration of this guest by this run is under way; None if one is."""
    try:
        _own_job(source, guest, past)
    except _NotUnderWay as why:
        return str(why)
    return None


def _own_job(source: End, guest: PlannedGuest, past: Past) -> tuple[Domain, Sighting]:
    """Return the guest on the source and its state; raises `_NotUnderWay`."""
    import libvirt

    if not guest.active:
        raise _NotUnderWay("the guest was off, and its definition moves at once")
    if not past.began or past.result is not None or past.began_at is None:
        raise _NotUnderWay("its move has not begun" if not past.began else "its move has ended")
    if past.handed_over:
        raise _NotUnderWay("the source has handed it over")
    seen = source.look(guest.uuid)
    if seen.place is Place.UNKNOWN:
        raise _NotUnderWay(f"the source does not answer: {seen.why}")
    if not seen.place.active or not seen.job:
        raise _NotUnderWay("no job runs on it")
    try:
        domain = source.domain(guest.uuid)
        stats = domain.jobStats()
    except (libvirt.libvirtError, HostSilent) as why:
        raise _NotUnderWay(f"its job cannot be read: {why}") from None
    if not is_own(stats, max(time.time() - past.began_at, 0.001), by_journal=True):
        raise _NotUnderWay("the job that runs on it is not of this run")
    return domain, seen


def steer(source: End, journal: Path, guest: PlannedGuest, past: Past, wanted: Steering, by: str) -> Iterator[Answer]:
    """Make the changes to one guest's migration, and yield what became of each; raises `UserError`.

    The order is written beside the journal before libvirt is asked, and libvirt's answer after it. `by` says who orders
    it.
    """
    for act, value in wanted.acts:
        order = Order(at=time.time(), guest=guest.uuid, act=act, value=value, by=by, state=State.ORDERED)
        yield Answer(guest.name, act, value, _change(source, journal, guest, past, wanted, order))


def _change(source: End, journal: Path, guest: PlannedGuest, past: Past, wanted: Steering, order: Order) -> str | None:
    """Make one change, and return why it was not made; None if it was."""
    import libvirt

    try:
        domain, seen = _own_job(source, guest, past)
    except _NotUnderWay as why:
        return str(why)
    if (forbidden := _forbidden(order.act, seen, guest, past)) is not None:
        return forbidden
    orders.append(journal, order)
    refusal: str | None = None
    try:
        _do(domain, order, in_postcopy=wanted.postcopy or _is_in_postcopy(seen))
    except libvirt.libvirtError as error:
        refusal = str(error)
    answered = State.DONE if refusal is None else State.REFUSED
    orders.append(journal, replace(order, at=time.time(), state=answered, why=refusal or ""))
    return refusal


def _is_in_postcopy(seen: Sighting) -> bool:
    return (seen.place, seen.reason) == (Place.PAUSED, IN_POSTCOPY)


def _forbidden(act: Act, seen: Sighting, guest: PlannedGuest, past: Past) -> str | None:
    """Return why libvirt is not asked for this change at all, in the guest's present state."""
    if _is_in_postcopy(seen):
        return {
            Act.BANDWIDTH: None,
            Act.MAX_DOWNTIME: "it is in post-copy, in which there is no further downtime",
            Act.POSTCOPY: "it is in post-copy already",
            Act.ABORT: "it is in post-copy, which cannot be aborted: its memory is on both hosts",
        }[act]
    is_stopped = (seen.place, seen.reason) == (Place.PAUSED, BY_MIGRATION) and not (guest.paused or past.paused_by_us)
    return "it is being handed over at this moment" if is_stopped else None


def _do(domain: Domain, order: Order, *, in_postcopy: bool) -> None:
    if order.act is Act.BANDWIDTH:
        domain.migrateSetMaxSpeed(order.value or 0, _OF_POSTCOPY if in_postcopy else 0)
    elif order.act is Act.MAX_DOWNTIME:
        domain.migrateSetMaxDowntime(order.value or 0, 0)
    elif order.act is Act.POSTCOPY:
        domain.migrateStartPostCopy(0)
    else:
        domain.abortJob()
