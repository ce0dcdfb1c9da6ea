"""Explains why guests stay: what is in the way on each destination, and which changes would let them go."""

from collections.abc import Mapping, Sequence

from preflight.placement.amounts import amount
from preflight.placement.answer import Constraint, Obstacle, Relief, Stay
from preflight.placement.load import STAYS, Assignment
from preflight.placement.model import Model
from preflight.placement.obstacles import Placed, bond, obstacles_of, of_source, placed
from preflight.placement.problem import Destination, Guest

#: Destinations that one line names.
_NAMED = 3


def stays_of(model: Model, found: Assignment) -> tuple[Stay, ...]:
    """Return the guests that stay, and why."""
    problem = model.problem
    to = {
        problem.guests[guest].name: problem.destinations[host].name
        for bundle, host in zip(model.bundles, found.to, strict=True)
        if host != STAYS
        for guest in bundle.guests
    }
    after = placed(problem, to)
    return tuple(
        _stay(after, [problem.guests[guest] for guest in bundle.guests], problem.guests[number])
        for bundle, host in zip(model.bundles, found.to, strict=True)
        if host == STAYS
        for number in bundle.guests
    )


def _stay(after: Placed, members: Sequence[Guest], guest: Guest) -> Stay:
    source = tuple(of_source(after.problem))
    obstacles: dict[str, tuple[Obstacle, ...]] = {}
    reliefs: list[tuple[tuple[float, ...], Relief]] = []
    for one in after.problem.destinations:
        with_partners = tuple(obstacles_of(after, members, one))
        changes = [with_partners]
        if len(members) == 1:
            obstacles[one.name] = with_partners
        else:
            alone = tuple(obstacles_of(after, [guest], one))
            bound = bond(after.problem, guest, one, with_partners)
            obstacles[one.name] = alone if len(alone) == len(with_partners) else (*alone, bound)
            changes.append((*alone, bound))
        reliefs += ((_cost(found), _relief(one, found)) for found in ((*source, *made) for made in changes))
    reliefs.sort(key=lambda one: one[0])
    every = (*source, *(one for here in obstacles.values() for one in here))
    if not after.problem.destinations:
        every = (*every, Obstacle(destination=None, constraint=Constraint.WAY, text="there is no destination"))
    return Stay(
        guest=guest.name,
        why=_why(source, obstacles) if obstacles or source else every[0].text,
        obstacles=every,
        reliefs=tuple(relief for _, relief in reliefs),
    )


def _why(source: Sequence[Obstacle], obstacles: Mapping[str, Sequence[Obstacle]]) -> str:
    """Return one line; what only lies in the way of a way that is not READY anyway is not said."""
    if source:
        return source[0].text
    said = []
    for host, found in obstacles.items():
        refused = [one for one in found if one.constraint in (Constraint.WAY, Constraint.PIN)]
        said.append(f"{host}: {', '.join(one.text for one in refused or found)}")
    more = len(said) - _NAMED
    return "; ".join(said[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _cost(changes: Sequence[Obstacle]) -> tuple[float, ...]:
    """Return a key by which the smallest changes come first; a way that is not READY is mended last."""
    lacking = sum((one.needs - one.left) / one.needs for one in changes if one.needs and one.left is not None)
    return (sum(one.constraint is Constraint.WAY for one in changes), len(changes), lacking)


def _relief(destination: Destination, changes: Sequence[Obstacle]) -> Relief:
    return Relief(
        destination=destination.name,
        changes=tuple(changes),
        text=" and ".join(dict.fromkeys(_change(destination, one) for one in changes)),
    )


def _change(destination: Destination, obstacle: Obstacle) -> str:
    """Return what removes an obstacle, in words."""
    host, kind = destination.name, obstacle.constraint
    if obstacle.needs is None or obstacle.left is None:
        return obstacle.without or f"the way to {host} READY"
    lacks = obstacle.needs - obstacle.left
    said = f"{amount(kind, lacks, obstacle.page_kib, more=True)} on {host}"
    if kind is Constraint.MEMORY and destination.reserve_kib >= lacks:
        return f"{said} (of the reserve of {amount(kind, destination.reserve_kib)})"
    if kind is Constraint.CPUS and destination.overcommit is not None and destination.cpus:
        ratio = (int(destination.overcommit * destination.cpus + 1e-9) + lacks) / destination.cpus
        return f"{said} (a ratio of {ratio:.2f})"
    return said
