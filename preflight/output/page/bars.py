"""The limits of two hosts as bars: how many migrations each of them allows, and which of them stop the next one."""

from collections.abc import Iterator

from msgspec import Struct

from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.request.migration import Role

#: The scale ends at so many times the capacity: limits beyond are not worth comparing, and would hide those that are.
_TIMES = 4
#: What a limit counts, as the page says it.
_COUNTED = {
    Scope.IN_FLIGHT: "at the same time",
    Scope.BURST: "started at once",
    Scope.ONE_CONNECTION: "over one connection",
    Scope.WAITS: "only waits",
}


class Bar(Struct, frozen=True):
    """One limit. `length` is in percent of the scale; None if it is not known how many migrations it allows."""

    limit: Limit
    counted: str
    length: float | None
    #: True if the bar ends at the end of the scale although the limit allows more.
    longer: bool
    #: What the limit is the first to stop; empty for most.
    stops: str
    #: The reason why it is not known how many it allows; empty if it is known, or if there is no such number.
    unread: str


class Bars(Struct, frozen=True):
    """The bars of both hosts, on one scale."""

    #: Migrations at the end of the scale.
    scale: int
    #: Migrations that are requested, and their place in percent of the scale.
    requested: int
    requested_at: float
    source: tuple[Bar, ...]
    destination: tuple[Bar, ...]

    def of(self, role: Role) -> tuple[Bar, ...]:
        """Return the bars of the host in this role."""
        return self.source if role is Role.SOURCE else self.destination


def bars(capacity: Capacity, requested: int) -> Bars:
    """Return the limits as bars, with the number of migrations that is requested."""
    scale = _scale(capacity, requested)
    source, destination = (tuple(_of(capacity, role, scale)) for role in Role)
    return Bars(scale, requested, 100 * requested / scale, source, destination)


def _scale(capacity: Capacity, requested: int) -> int:
    allowed = [limit.allows for limit in capacity.limits if limit.allows is not None]
    useful = max(_TIMES * (capacity.concurrent or 0), 2 * requested, 10)
    return max(min(useful, max(allowed, default=useful)), requested, 1)


def _of(capacity: Capacity, role: Role, scale: int) -> Iterator[Bar]:
    for limit in capacity.limits:
        if limit.host is role:
            allows = limit.allows
            stops = " and ".join(_stops(capacity, limit))
            yield Bar(
                limit,
                _COUNTED[limit.scope],
                None if allows is None else 100 * min(allows, scale) / scale,
                allows is not None and allows > scale,
                stops and f"stops {stops}",
                (limit.reason or "") if allows is None else "",
            )


def _stops(capacity: Capacity, limit: Limit) -> Iterator[str]:
    if limit is capacity.binding:
        yield "the next migration"
    if limit is capacity.burst_binding and limit.scope is Scope.BURST:
        yield "the next start at the same instant"
