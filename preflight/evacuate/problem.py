"""The placement problem of an evacuation, from the checks between the source and each destination."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.evacuate.wishes import Wishes
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.memory.host import HostMemory
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.link_speed import LinkSpeed
from preflight.forecast.duration import link_of, of_interfaces
from preflight.forecast.memory import Need, free_pages, need_of, promised
from preflight.host import Guest, Host
from preflight.judge.check import Checked
from preflight.judge.report import ALL_GUESTS, Result
from preflight.placement import problem as placement
from preflight.plan.make import spacing
from preflight.plan.width import most_at
from preflight.request.migration import Role
from preflight.schema.evacuation import Closed
from preflight.visible import one_line

#: Reasons that are given why a guest cannot go to a destination.
_REASONS = 5
#: The share of its weight that a destination keeps at which a guest did not arrive.
_LESS = 0.1


def problem_of(
    checks: Mapping[str, Checked], guests: Sequence[Guest], wishes: Wishes, closed: Sequence[Closed] = ()
) -> placement.Problem:
    """Return the problem of these guests, from a check between the source and each destination, by the latter's name.

    Wishes may name guests that do not exist: `Problem.wrong` says so.
    """
    some = next(iter(checks.values()))
    failed = {one.destination for one in closed}
    there = [_destination(name, checked, wishes, has_failed=name in failed) for name, checked in checks.items()]
    ways = {name: _ways(checked, name, closed) for name, checked in checks.items()}
    leaving = [_guest(guest, some, {name: way.of(guest) for name, way in ways.items()}) for guest in guests]
    most = min(
        (found for one in checks.values() if (found := most_at(one, Role.SOURCE, runs=len(checks)))), default=None
    )
    source = placement.Source(
        name=some.source.name,
        link=wishes.link or min((rate for one in checks.values() if (rate := _rate(one)) is not None), default=None),
        width=None if most is None else most[0],
        width_because="" if most is None else most[1],
        spacing=max(spacing(one, Role.SOURCE) for one in checks.values()),
    )
    return placement.Problem(
        source=source,
        destinations=tuple(there),
        guests=tuple(leaving),
        apart=wishes.groups("--keep-apart", wishes.apart),
        together=wishes.groups("--keep-together", wishes.together),
        window=wishes.window,
    )


class _Ways(Struct, frozen=True):
    """What keeps guests from one destination: all of them, and some, by name and by UUID."""

    every: tuple[str, ...]
    by_name: Mapping[str, tuple[str, ...]]
    by_uuid: Mapping[str, tuple[str, ...]]

    def of(self, guest: Guest) -> tuple[str, ...]:
        """Return the reasons why a guest cannot go there; none if its way is READY."""
        return (*self.by_uuid.get(guest.uuid, ()), *self.every, *self.by_name.get(guest.name, ()))[:_REASONS]


def _ways(checked: Checked, name: str, closed: Sequence[Closed]) -> _Ways:
    every: list[str] = [one.why for one in closed if one.destination == name and one.guest is None]
    by_name: dict[str, tuple[str, ...]] = {}
    for result in checked.report.results:
        if result.subject == ALL_GUESTS or not (result.blocks or result.obscures):
            continue  # what all guests together lack, the placement sees to
        reasons = tuple(_reasons(result))
        if result.guest is None:
            every += reasons
        else:
            by_name[result.guest] = (*by_name.get(result.guest, ()), *reasons)
    by_uuid = {one.guest: (one.why,) for one in closed if one.destination == name and one.guest is not None}
    return _Ways(tuple(dict.fromkeys(every)), by_name, by_uuid)


def _reasons(result: Result) -> Iterator[str]:
    found = [finding.message for finding in result.findings] if result.blocks else [result.reason or "unknown"]
    for text in found or ["it says no more"]:
        yield one_line(f"{result.rule.name}: {text}")


def _guest(guest: Guest, checked: Checked, ways: Mapping[str, tuple[str, ...]]) -> placement.Guest:
    if not guest.running:
        return placement.Guest(name=guest.name, uuid=guest.uuid, active=False, vcpus=0, ways=ways)
    try:
        need = need_of(guest, _default_page(checked.source))
    except Unreadable as why:  # what is not known has no room anywhere
        need = Need(0, {})
        ways = {name: (*reasons, one_line(f"what it needs is not known: {why}")) for name, reasons in ways.items()}
    return placement.Guest(
        name=guest.name,
        uuid=guest.uuid,
        memory_kib=need.memory,
        huge_kib=need.huge,
        touched_kib=_touched(guest, checked.source),
        vcpus=guest.vcpus,
        ways=ways,
    )


def _default_page(host: Host) -> int | None:
    try:
        return host.fact(HostMemory).default_page_kib
    except Unreadable:
        return None


def _touched(guest: Guest, source: Host) -> int | None:
    try:
        touched = source.fact(GuestMemory).touched_kib.get(guest.name)
    except Unreadable:
        return None
    return None if touched is None else min(touched, guest.memory_kib)


def _destination(name: str, checked: Checked, wishes: Wishes, *, has_failed: bool) -> placement.Destination:
    host = checked.destination
    memory = _memory(host)
    most = most_at(checked, Role.DESTINATION)
    there = running(host)
    return placement.Destination(
        name=name,
        link=_own_rate(checked) or wishes.link,
        width=None if most is None else most[0],
        width_because="" if most is None else most[1],
        spacing=spacing(checked, Role.DESTINATION),
        free_kib=_free(host, memory),
        reserve_kib=wishes.reserve_of(None if memory is None else memory.total_kib),
        free_pages={} if memory is None else free_pages(memory),
        cpus=len((memory and memory.cpus) or ()),
        vcpus=sum(guest.vcpus for guest in there),
        overcommit=wishes.overcommit if memory is not None and memory.cpus else None,
        guests=tuple(guest.name for guest in there),
        weight=wishes.weights.get(name, 1.0) * (_LESS if has_failed else 1.0),
    )


def _memory(host: Host) -> HostMemory | None:
    try:
        return host.fact(HostMemory).told()
    except Unreadable:
        return None


def _free(host: Host, memory: HostMemory | None) -> int:
    """Return the KiB of ordinary memory that arriving guests may take; none if that is not known."""
    if memory is None or memory.available_kib is None:
        return 0
    try:
        return max(0, memory.available_kib - promised(host))
    except Unreadable:
        return 0


def running(host: Host) -> tuple[Guest, ...]:
    """Return the guests that run on a host; none if they are not known."""
    try:
        return tuple(guest for guest in host.fact(Guests).all if guest.running)
    except Unreadable:
        return ()


def _rate(checked: Checked) -> float | None:
    try:
        return link_of(checked, None).rate
    except Unreadable:
        return None


def _own_rate(checked: Checked) -> float | None:
    """Return the MiB/s of the destination's interface that has the address to which memory is sent."""
    try:
        addresses = checked.source.fact(PeerName).addresses
        own = checked.destination.fact(OwnAddresses).addresses
        speeds = checked.destination.fact(LinkSpeed)
        found = of_interfaces(speeds, {one.interface for one in own if one.address in addresses})
    except Unreadable:
        return None
    return None if found is None else found.rate
