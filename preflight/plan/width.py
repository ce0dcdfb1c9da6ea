"""The number of concurrent migrations and their duration, from the limits of both hosts and the pre-copy model."""

import math

from preflight.capacity.limit import Limit, Scope
from preflight.capacity.path import OF_LOGINS
from preflight.facts.fact import Unreadable
from preflight.forecast.duration import forecast, link_of
from preflight.judge.check import Checked
from preflight.plan.make import OWN_CONNECTIONS, WIDTH, Pace, Refused
from preflight.request.migration import Role


def pace(checked: Checked, at_once: int | None) -> Pace:
    """Return the requested or the quickest width; raises `Refused` for more than the hosts' limits allow."""
    limits = _in_flight(checked)
    most = min((_left(limit) for limit in limits), default=1)
    binding = min(limits, key=_left, default=None)
    said = "no limit could be read" if binding is None else f"{binding.name} on the {binding.host.value}"
    if at_once is not None and at_once > most:
        raise Refused(
            f"refused: --at-once {at_once} is requested, but at most {most} are safe, so request no more: {said}"
        )
    active = [guest for guest in checked.guests if guest.running]
    try:
        predicted = forecast(checked, link_of(checked, None), {}, concurrency=at_once)
    except Unreadable:
        width = max(1, min(WIDTH, most, len(active)))
        short = said if width == most else "the link's speed is unknown"
        because = "as requested" if at_once else "all of them" if width >= len(active) else short
        return Pace(at_once or width, because, {}, calls=_calls(checked))
    width = at_once or max(1, min(predicted.width, most))
    because = "as requested" if at_once else f"quickest, {predicted.link.because}"
    each = {load.name: alone.seconds for load, alone in zip(predicted.loads, predicted.alone, strict=True)}
    finite = {name: seconds for name, seconds in each.items() if math.isfinite(seconds)}
    return Pace(width, because, finite, predicted.seconds, _calls(checked))


def most_at(checked: Checked, role: Role, *, runs: int = 1) -> tuple[int, str] | None:
    """Return how many migrations one host allows at once, with the limit; None if no limit could be read.

    So many `runs` of preflight side by side each have their own connections to that host.
    """
    left = [(_left(limit, runs), limit.name) for limit in _in_flight(checked) if limit.host is role]
    return min(left, default=None)


def _in_flight(checked: Checked) -> list[Limit]:
    """Return the limits on migrations that run together; in a managed migration all of a run share its logins."""
    shares_logins = not checked.report.migration.peer_to_peer
    return [
        limit
        for limit in checked.report.capacity.limits
        if limit.scope is Scope.IN_FLIGHT
        and limit.allows is not None
        and not (shares_logins and limit.name in OF_LOGINS)
    ]


def _calls(checked: Checked) -> int:
    """Return the number of calls that one connection may have outstanding without the daemon ignoring it."""
    told = [limit.allows for limit in checked.report.capacity.limits if limit.name == "max_client_requests"]
    return max(1, min(filter(None, told), default=1))


def _left(limit: Limit, runs: int = 1) -> int:
    own = runs * OWN_CONNECTIONS if limit.name == "max_clients" else 0
    return max(0, (limit.allows or 0) - limit.reserve - own)
