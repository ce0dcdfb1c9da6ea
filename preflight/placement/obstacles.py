"""What is in the way of guests on a destination, once all that go have gone."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from preflight.placement.amounts import amount, left_of, of
from preflight.placement.answer import Constraint, Obstacle
from preflight.placement.needs import Resource, needs, room
from preflight.placement.problem import Destination, End, Group, Guest, Problem


class Placed(Struct, frozen=True):
    """What is where once all that go have gone."""

    problem: Problem
    #: The destination of each guest that goes.
    to: Mapping[str, str]
    #: The guests on each destination, those that were there before among them.
    there: Mapping[str, frozenset[str]]
    #: What is left of each resource; one that is missing is not limited.
    left: Mapping[tuple[str, Resource], int]


def placed(problem: Problem, to: Mapping[str, str]) -> Placed:
    """Return what is where, by the destination of each guest that goes."""
    guests = {guest.name: guest for guest in problem.guests}
    there: dict[str, frozenset[str]] = {}
    left: dict[tuple[str, Resource], int] = {}
    resources = {resource for guest in problem.guests for resource in needs(guest)}
    for one in problem.destinations:
        arrived = [name for name, host in to.items() if host == one.name]
        there[one.name] = frozenset((*arrived, *(name for name in one.guests if name not in guests)))
        for resource in resources:
            limit = room(one, resource)
            if limit is not None:
                left[one.name, resource] = limit - sum(needs(guests[name]).get(resource, 0) for name in arrived)
    return Placed(problem, to, there, left)


def of_source(problem: Problem) -> Iterator[Obstacle]:
    """Yield what is in the way of all guests, at the source."""
    yield from _of_width(problem.source, None, f"{problem.source.name} can send no guest")


def _of_width(host: End, destination: str | None, text: str) -> Iterator[Obstacle]:
    """Yield that a host allows no migration at all, if so."""
    if host.width == 0:
        because = f", by {host.width_because}" if host.width_because else ""
        yield Obstacle(
            destination=destination,
            constraint=Constraint.WIDTH,
            text=f"{text}{because}",
            without=f"{host.width_because or 'a limit'} on {host.name} that allows a migration",
        )


def obstacles_of(after: Placed, members: Sequence[Guest], destination: Destination) -> Iterator[Obstacle]:
    """Yield what is in the way of these guests, which go together, on one destination."""
    for guest in members:
        yield from _of_way(after.problem, guest, destination, named=len(members) > 1)
        yield from _of_groups(after, members, guest, destination)
    yield from _of_lanes(after.problem, members, destination)
    wanted: dict[Resource, int] = {}
    for guest in members:
        for resource, taken in needs(guest).items():
            wanted[resource] = wanted.get(resource, 0) + taken
    for resource, taken in sorted(wanted.items()):
        left = after.left.get((destination.name, resource))
        if left is not None and taken > left:
            yield _lacking(members, destination, resource, taken, left)


def _lacking(members: Sequence[Guest], destination: Destination, resource: Resource, taken: int, left: int) -> Obstacle:
    kind, page = resource.constraint, resource.page_kib or None
    most = room(destination, resource) or 0
    there = left_of(kind, left)
    rest = f"only {there} free" if left == most else f"only {there} left"
    who = "needs" if len(members) == 1 else f"{of(guest.name for guest in members)} need"
    return Obstacle(
        destination=destination.name,
        constraint=kind,
        text=f"{who} {amount(kind, taken, page)}, {rest}",
        needs=taken,
        left=left,
        page_kib=page,
    )


def _of_way(problem: Problem, guest: Guest, destination: Destination, *, named: bool) -> Iterator[Obstacle]:
    host, pin = destination.name, problem.pins.get(guest.name)
    if not guest.is_ready(host):
        reasons = "; ".join(guest.ways.get(host, ("the way was not judged",)))
        text = f"{guest.name}: {reasons}" if named else reasons
        yield Obstacle(destination=host, constraint=Constraint.WAY, text=text)
    if pin not in (None, host):
        text = f"{guest.name} is to go to {pin}"
        yield Obstacle(
            destination=host, constraint=Constraint.PIN, text=text, without=f"{guest.name} free to go to {host}"
        )


def _of_groups(after: Placed, members: Sequence[Guest], guest: Guest, destination: Destination) -> Iterator[Obstacle]:
    host, names = destination.name, {one.name for one in members}
    leaving = {one.name for one in after.problem.guests}
    for group in after.problem.apart:
        others = sorted((after.there[host] | names) & frozenset(group.guests) - {guest.name})
        if guest.name in group.guests and others:
            verb = "goes" if others[0] in leaving else "is"
            yield _of_group(group, Constraint.APART, host, f"{others[0]} {verb} there")
    for group in after.problem.together:
        others = sorted(frozenset(group.guests) - leaving - after.there[host])
        if guest.name in group.guests and others:
            yield _of_group(group, Constraint.TOGETHER, host, f"{others[0]} is not there")


def _of_group(group: Group, constraint: Constraint, host: str, text: str) -> Obstacle:
    return Obstacle(
        destination=host, constraint=constraint, text=f"{text} ({group.text})", without=f"without {group.text}"
    )


def bond(problem: Problem, guest: Guest, destination: Destination, obstacles: Sequence[Obstacle]) -> Obstacle:
    """Return that a guest is bound to others, in whose way these obstacles are."""
    groups = of(group.text for group in problem.together if guest.name in group.guests)
    return Obstacle(
        destination=destination.name,
        constraint=Constraint.TOGETHER,
        text=f"{groups} ({', '.join(one.text for one in obstacles)})",
        without=f"without {groups}",
    )


def _of_lanes(problem: Problem, members: Sequence[Guest], destination: Destination) -> Iterator[Obstacle]:
    host = destination.name
    yield from _of_width(destination, host, "it can take no guest")
    ports = destination.ports
    if ports is not None and ports < problem.ports_each and any(guest.active for guest in members):
        yield Obstacle(
            destination=host,
            constraint=Constraint.PORTS,
            text=f"needs {amount(Constraint.PORTS, problem.ports_each)}, only {ports} free",
            needs=problem.ports_each,
            left=ports,
        )
