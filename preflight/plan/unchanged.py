"""The comparison of a plan with a new check of both hosts: the same machines, the same guests, the same facts."""

from collections.abc import Iterable, Mapping

from preflight import __version__
from preflight.host import Host
from preflight.judge.check import Checked
from preflight.plan.make import Pace, Refused, identity_of, planned_guest, spacing
from preflight.request.migration import Role
from preflight.schema.plan import MigrationPlan, PlannedGuest

#: The fields that identify the planned guest, and those that the run depends on, which must not have changed either.
_IDENTITY = ("name", "uuid", "active", "persistent")
_ACTED_ON = (*_IDENTITY, "paused", "autostart", "memory_kib", "is_defined_there")


def refuse_other_hosts(planned: MigrationPlan, *hosts: Host) -> None:
    """Raise `Refused` unless these hosts report that they are the machines for which the plan was made."""
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
        raise Refused(
            f"refused: {host.name} is not the {role.value} for which the plan was made, so make a new plan: {differs}"
        )


def says_who_it_is(host: Host) -> bool:
    """Report whether a host has reported which machine it is; a host without a login has not."""
    try:
        identity_of(host)
    except Refused:
        return False
    return True


def refuse_another_way(planned: MigrationPlan, uri: str | None) -> None:
    """Raise `Refused` if guests would be sent to another libvirt than the one that is checked."""
    if planned.destination_uri != (uri or ""):
        raise Refused(
            f"refused: destination_uri is {planned.destination_uri}, but {uri or 'none'} is checked: make a new plan"
        )


def as_checked(planned: MigrationPlan, checked: Checked, pace: Pace) -> MigrationPlan:
    """Return the plan for the guests that were just checked; raises `Refused` if one differs from the plan.

    The touched memory of each guest and the limits of the hosts are the current ones.
    """
    now = {guest.uuid: planned_guest(guest, checked, pace) for guest in checked.guests}
    guests = tuple(_same(guest, now.pop(guest.uuid, None)) for guest in planned.guests)
    for other in now.values():
        raise Refused(
            f"refused: {other.name} was checked but is not in the plan: UUID {other.uuid}; check again, and make a"
            " new plan"
        )
    apart = max(planned.spacing, spacing(checked))
    return planned.model_copy(update={"guests": guests, "calls": min(planned.calls, pace.calls), "spacing": apart})


def refuse_other_guests(guests: Iterable[PlannedGuest], checked: Checked) -> None:
    """Raise `Refused` unless these are the guests that were checked; their owners may have paused one since then."""
    now = {guest.uuid: planned_guest(guest, checked, Pace(1, "", {})) for guest in checked.guests}
    for guest in guests:
        _same(guest, now.get(guest.uuid), _IDENTITY)


def _same(guest: PlannedGuest, now: PlannedGuest | None, fields: Iterable[str] = _ACTED_ON) -> PlannedGuest:
    name = guest.name
    if now is None:
        raise Refused(
            f"refused: {name} is not the guest that was checked: uuid is {guest.uuid} in the plan; check again, and"
            " make a new plan"
        )
    for field in fields:
        planned, found = getattr(guest, field), getattr(now, field)
        if planned != found:
            shown = f"{field} is {_word(planned)} in the plan and {_word(found)} now"
            raise Refused(
                f"refused: {name} is not the guest that was checked: {shown}; check again, and make a new plan"
            )
    return guest.model_copy(update={"touched_kib": now.touched_kib})


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def refuse_changed(planned: MigrationPlan, now: Mapping[str, str]) -> None:
    """Raise `Refused` if the digests of the hosts and guests are no longer those of the plan.

    Another version of preflight than the one that made the plan may read an unchanged host differently.
    """
    differ = changed(planned.digests, now)
    if not differ:
        return
    names = {guest.uuid: guest.name for guest in planned.guests}
    shown = ", ".join(names.get(name.removeprefix("guest "), name) for name in differ)
    if planned.preflight_version == __version__:
        raise Refused(f"refused: changed since the plan was made, so make a new plan: {shown}")
    maker = planned.preflight_version or "an older version"
    raise Refused(
        f"refused: the plan was made by another version of preflight ({maker}; this is {__version__}), which may be the"
        f" only difference: make a new plan. Different from the plan: {shown}"
    )


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the facts that have changed since the plan was made."""
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
