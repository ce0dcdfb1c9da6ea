"""What a guest takes of a destination for good, and what there is of it."""

import math
from collections.abc import Mapping

from msgspec import Struct

from preflight.placement.answer import Constraint
from preflight.placement.problem import Destination, Guest

#: Against the rounding of a product such as 1.15 * 20.
_ROUNDING = 1e-9


class Resource(Struct, frozen=True, order=True):
    """Something that guests use up: KiB of memory, pages of a size, vCPUs, bytes of disks."""

    constraint: Constraint
    #: The size of pages in KiB; 0 for other resources.
    page_kib: int = 0


MEMORY = Resource(Constraint.MEMORY)
CPUS = Resource(Constraint.CPUS)
DISK = Resource(Constraint.DISK)


def needs(guest: Guest) -> Mapping[Resource, int]:
    """Return what a guest needs, without what it needs nothing of. One that is off needs room for its disks alone."""
    found = {DISK: guest.disk_bytes}
    if guest.active:
        found |= {MEMORY: guest.memory_kib, CPUS: guest.vcpus}
        found |= {Resource(Constraint.PAGES, size): -(-kib // size) for size, kib in guest.huge_kib.items()}
    return {resource: amount for resource, amount in found.items() if amount}


def room(destination: Destination, resource: Resource) -> int | None:
    """Return how much of a resource arriving guests may use; None if it is not limited."""
    if resource == MEMORY:
        return max(0, destination.free_kib - destination.reserve_kib)
    if resource == CPUS:
        if destination.overcommit is None:
            return None
        return max(0, math.floor(destination.overcommit * destination.cpus + _ROUNDING) - destination.vcpus)
    if resource == DISK:
        return destination.disk_bytes
    return destination.free_pages.get(resource.page_kib, 0)


def lanes(destination: Destination, ports_each: int, *, active: bool) -> int | None:
    """Return the most migrations at once to a destination, for guests that run or are off; None for no limit."""
    limits = [destination.width]
    if active and destination.ports is not None and ports_each:
        limits.append(destination.ports // ports_each)
    return min((limit for limit in limits if limit is not None), default=None)
