"""Compares a plan with what was just read of both hosts: the same machines, the same guests, the same facts."""

from collections.abc import Iterable, Mapping

from preflight import __version__
from preflight.host import Host
from preflight.judge.check import Checked
from preflight.plan.make import Pace, Refused, identity_of, planned_guest, spacing
from preflight.request.migration import Role
from preflight.schema.plan import MigrationPlan, PlannedGuest

#: What makes a guest the one that was planned; and what else is acted on, and must be as it was when it was planned.
_IDENTITY = ("name", "uuid", "active", "persistent")
_ACTED_ON = (*_IDENTITY, "paused", "autostart", "memory_kib", "is_defined_there")


def refuse_other_hosts(planned: MigrationPlan, *hosts: Host) -> None:
    """Raise `Refused` unless these hosts are the machines that the plan was made for, or where one does not say so."""
    for host in hosts:
        role = host.role
        known = planned.source_identity if role is Role.SOURCE else planned.destination_identity
        now = identity_of(host)
        if now.uuid != known.uuid:
            differs = f"libvirt's host UUID is {now.uuid}, and was {known.uuid}"
        elif now.machine_id != known.machine_id:
            differs = (
                f"its machine ID is {now.machine_id or 'not readable'}, and was {known.machine_id or 'not readable'}"
            )
        else:
            continue
        raise Refused(f"refused: {host.name} is not the {role.value} that this was made for: {differs}")


def says_who_it_is(host: Host) -> bool:
    """Report whether a host has said which machine it is; one that could not be logged in to has not."""
    try:
        identity_of(host)
    except Refused:
        return False
    return True


def refuse_another_way(planned: MigrationPlan, uri: str | None) -> None:
    """Raise `Refused` where guests would be sent to another libvirt than the one that is checked."""
    if planned.destination_uri != (uri or ""):
        raise Refused(f"refused: destination_uri is {planned.destination_uri}, and {uri or 'none'} is checked")


def as_checked(planned: MigrationPlan, checked: Checked, pace: Pace) -> MigrationPlan:
    """The plan for the guests that were just checked; raises `Refused` where one is not what the plan says.

    How much memory each has touched is as of now, and so is what the hosts allow.
    """
    now = {guest.uuid: planned_guest(guest, checked, pace) for guest in checked.guests}
    guests = tuple(_same(guest, now.pop(guest.uuid, None)) for guest in planned.guests)
    for other in now.values():
        raise Refused(f"refused: {other.name} was checked and is not in the plan: uuid {other.uuid}")
    apart = max(planned.spacing, spacing(checked.report.migration))
    return planned.model_copy(update={"guests": guests, "calls": min(planned.calls, pace.calls), "spacing": apart})


def refuse_other_guests(guests: Iterable[PlannedGuest], checked: Checked) -> None:
    """Raise `Refused` unless these are the guests that were checked; their owner may have paused one since."""
    now = {guest.uuid: planned_guest(guest, checked, Pace(1, "", {})) for guest in checked.guests}
    for guest in guests:
        _same(guest, now.get(guest.uuid), _IDENTITY)


def _same(guest: PlannedGuest, now: PlannedGuest | None, fields: Iterable[str] = _ACTED_ON) -> PlannedGuest:
    name = guest.name
    if now is None:
        raise Refused(f"refused: {name} is not the guest that was checked: uuid is {guest.uuid} in the plan")
    for field in fields:
        planned, found = getattr(guest, field), getattr(now, field)
        if planned != found:
            shown = f"{field} is {_word(planned)} in the plan and {_word(found)} now"
            raise Refused(f"refused: {name} is not the guest that was checked: {shown}")
    return guest.model_copy(update={"touched_kib": now.touched_kib})


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def refuse_changed(planned: MigrationPlan, now: Mapping[str, str]) -> None:
    """Raise `Refused` where the digests of the hosts and guests are no longer those of the plan.

    Another preflight than the one that made it may read another thing of a host that is as it was.
    """
    differ = changed(planned.digests, now)
    if not differ:
        return
    names = {guest.uuid: guest.name for guest in planned.guests}
    shown = ", ".join(names.get(name.removeprefix("guest "), name) for name in differ)
    if planned.preflight_version == __version__:
        raise Refused(f"refused: changed since the plan was made: {shown}")
    maker = planned.preflight_version or "an older one"
    raise Refused(
        f"refused: the plan was made by another preflight ({maker}; this is {__version__}), which may be all that has"
        f" changed: make a new plan. Not as it was written down: {shown}"
    )


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The facts that are no longer what they were when the plan was made."""
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
