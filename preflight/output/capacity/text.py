"""`preflight capacity` for people: each limit, the numbers that follow from them, and how long the guests take."""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.forecast.answer import Answer
from preflight.forecast.duration import WITHIN, Forecast
from preflight.forecast.memory import Room
from preflight.output.capacity.origin import origin
from preflight.output.capacity.requested import apart, can_be_raised, short
from preflight.output.remedies import remedy
from preflight.output.report import next_step
from preflight.output.report.skipped import skipped
from preflight.output.terminal import columns, labelled, listed, one_line, width, wrapped

#: The unit of the number that a limit allows, if that is not migrations in flight.
_OF = {Scope.BURST: " at once", Scope.ONE_CONNECTION: " shared"}


def render(answer: Answer, _colour: bool) -> str:
    """Return the answer as lines of text."""
    parts = [*_limits(answer), _labelled(_numbers(answer))]
    if answer.concurrency is not None:
        parts.append(_labelled(_requested(answer, answer.concurrency)))
    if answer.rooms or answer.no_rooms:
        parts.append(_labelled(_rooms(answer)))
    if answer.forecast is not None and answer.forecast.loads:
        parts.append("\n".join(columns(guests(answer.forecast), width=width())))
    if ends := [*_all(answer), *_window(answer)]:
        parts.append(_labelled(ends))
    parts.append(_labelled((label.lower(), said) for label, said in origin(answer)))
    if answer.concurrency is not None and can_be_raised(answer.report, answer.concurrency):
        parts.append("\n".join(next_step.lines(next_step.to_raise_limits(answer.report), width())))
    return "\n\n".join(parts) + "\n"


def summary(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield the numbers that follow from the limits, each with its label, which is empty if it is that before."""
    yield from _numbers(answer)
    if answer.concurrency is not None:
        yield from _requested(answer, answer.concurrency)
    yield from _rooms(answer)
    yield from _all(answer)
    yield from _window(answer)


def _labelled(said: Iterable[tuple[str, str]]) -> str:
    return "\n".join(line for label, text in said for line in labelled(label, text, width=width(), indent=0, column=13))


def _limits(answer: Answer) -> Iterator[str]:
    """Yield a table for each host: in one table a column of host names would not fit into 80 columns."""
    report = answer.report
    for host in (report.source, report.destination):
        role = "source" if host is report.source else "destination"
        limits = [limit for limit in report.capacity.limits if limit.host.value == role]
        rows = [
            (
                limit.name,
                limit.written or _number(limit.configured),
                "" if limit.in_use is None else str(limit.in_use),
                str(limit.takes),
                allows(limit),
                limit.beyond,
            )
            for limit in limits
        ]
        heads = ("limit", "value", "in use", "per migration", "allows", "beyond")
        lines = [f"{role}: {one_line(host.name)}", *columns([heads, *rows], width=width())]
        set_by: dict[str, list[str]] = {}
        for limit in limits:
            if limit.at is not None:
                set_by.setdefault(f"{one_line(limit.at.path)}:{limit.at.line}", []).append(limit.name)
        lines += (
            part
            for place, names in set_by.items()
            for part in wrapped(f"{', '.join(names)}: set at {place}", width=width())
        )
        yield "\n".join(lines)


def allows(limit: Limit) -> str:
    """Return the migrations that a limit allows, with their kind unless they are in flight."""
    if limit.allows is None:
        return "unknown" if limit.reason else ""
    return str(limit.allows) + _OF.get(limit.scope, "")


def _numbers(answer: Answer) -> Iterator[tuple[str, str]]:
    capacity = answer.report.capacity
    at_most = "at most " if capacity.unread else ""
    each_way = " each way" if capacity.both_ways else ""
    binding, following, first = capacity.binding, capacity.next_binding, capacity.burst_binding
    if binding is None or first is None:
        yield ("in flight", "unknown: no limit could be read")
    else:
        more = f"; next: {_name(following)}, {following.allows}" if following else ""
        what = f"{at_most}{binding.allows}{each_way}; more than that cannot run at the same time"
        yield ("in flight", f"{what} ({_name(binding)}{more})")
        if capacity.safe != binding.allows:
            yield ("safe", f"{at_most}{capacity.safe}{each_way}, which leaves workers to report progress and to abort")
        spaced = f"; none is lost if they are started {apart(first)} apart" if first.burst else ""
        lost = "some lose connections" if first.burst else "some do not run at the same time"
        yield (
            "burst",
            f"{at_most}{first.allows}{each_way}; if more start at the same instant, {lost} ({_name(first)}{spaced})",
        )
    if (shared := capacity.over_one_connection) is not None:
        yield (
            "shared",
            (
                f"{shared} over one connection of one program; beyond that, the daemon closes the connection after half"
                " a minute (max_client_requests on the source)"
            ),
        )
    yield from _recommended(answer)
    if capacity.classic is not None:
        yield ("Red Hat's", f"{capacity.classic}, {_why_classic(answer)}")
    yield ("both ways", _both_ways(answer))
    yield from _unread(capacity)


def _unread(capacity: Capacity) -> Iterator[tuple[str, str]]:
    """Yield the reasons for which limits are unknown, and what would make them known, once for limits in a row."""
    reasons = [(_name(limit), limit.reason) for limit in capacity.limits if limit.reason is not None]
    for resolve, alike in groupby(reasons, key=lambda one: remedy(one[1])):
        yield from (("unread", f"{name}: {reason}") for name, reason in alike)
        if resolve:
            yield ("resolve", resolve)


def _requested(answer: Answer, number: int) -> Iterator[tuple[str, str]]:
    said = {True: "fits", False: "DOES NOT FIT", None: "NOT KNOWN: a limit could not be read"}[answer.fits_limits]
    yield ("requested", f"{number} at once: {said}")
    for one in short(answer.report, number):
        yield ("", one)


def _recommended(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.forecast is not None and answer.forecast.loads:
        link, count = answer.forecast.link, len(answer.forecast.loads)
        yield (
            "recommended",
            (
                f"{answer.forecast.width}, which takes the shortest time for"
                f" {'this guest' if count == 1 else f'these {count} guests'} on a link of {link.rate:.0f} MiB/s"
                f" ({link.because})"
            ),
        )
    elif answer.no_forecast:
        yield ("recommended", f"unknown: {answer.no_forecast}")


def _why_classic(answer: Answer) -> str:
    capacity = answer.report.capacity
    fewest = min(limit.configured or 0 for limit in capacity.limits if limit.name == "max_clients")
    if capacity.both_ways:
        return f"two clients per migration out of max_clients {fewest}: correct for equal numbers in both directions"
    return (
        f"two clients per migration out of max_clients {fewest}: this adds up the clients of both daemons, but"
        " each daemon has its own max_clients and sees one client per migration"
    )


def _both_ways(answer: Answer) -> str:
    if answer.report.capacity.both_ways:
        return (
            "all numbers are for each direction; beyond them, migrations in one direction keep the others from starting"
        )
    return "migrations in the other direction share max_clients and the logins of each host: see --both-ways"


def _rooms(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.no_rooms:
        yield ("room", f"unknown: {answer.no_rooms}")
    for room in answer.rooms:
        yield ("room", _room(room))


def _room(room: Room) -> str:
    fitting = room.fitting
    promised = f", less {_mib(room.promised)} MiB that its guests may still touch" if room.promised else ""
    said = f"{room.name} of the destination, {_mib(room.free)} MiB{promised}: fits {len(fitting)} of {len(room.wanted)}"
    said += f" ({', '.join(map(one_line, fitting))})" if fitting else ""
    if room.first_without is None:
        return said
    name, needs, left = room.first_without
    return f"{said}; {one_line(name)} needs {_mib(needs)} MiB, but only {_mib(left)} MiB are left"


def _mib(kib: int) -> int:
    return kib // 1024


def guests(forecast: Forecast) -> list[tuple[str, ...]]:
    """Return the rows of a table of guests, under their heads."""
    rows = [
        (
            one_line(load.name),
            f"{load.memory:.0f}",
            "not measured" if load.dirty is None else f"{load.dirty:.0f}",
            "never ends" if not alone.converges else f"{alone.seconds:.1f} s",
            "" if not alone.converges else f"{alone.downtime * 1000:.0f} ms",
            "" if not alone.converges else f"{alone.sent:.0f}",
        )
        for load, alone in zip(forecast.loads, forecast.alone, strict=True)
    ]
    heads = ("guest", "touched MiB", "dirties MiB/s", "duration alone", "downtime up to", "sent MiB")
    return [heads, *rows]


def _all(answer: Answer) -> Iterator[tuple[str, str]]:
    forecast = answer.forecast
    if forecast is None:
        return
    if forecast.loads:
        yield ("all of them", f"{_duration(forecast.seconds)}, {answer.at_a_time} at a time")
    if forecast.unmeasured:
        yield ("", "at least: without --measure-dirty-rate every guest is assumed to be idle")
    if forecast.unread:
        yield ("", f"all memory is counted as touched: {forecast.unread}")
    for why in forecast.missing:
        yield ("", f"not counted: {why}")
    if forecast.copied:
        yield ("", f"the data of the disks that are copied is not counted: {listed(forecast.copied)}")
    if forecast.off:
        yield ("", f"guests that are off have no memory to send and are not counted: {listed(forecast.off)}")
    for line in skipped(answer.report, "counted"):
        yield ("", line)


def _duration(seconds: float) -> str:
    return "never ends: a guest dirties its memory as fast as it is sent" if math.isinf(seconds) else f"{seconds:.0f} s"


def _window(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.window is None:
        return
    said = {True: "fits", False: "DOES NOT FIT", None: "NOT KNOWN"}[answer.fits_window]
    why = _why(answer, answer.forecast, answer.window) if answer.forecast else answer.no_forecast or ""
    yield ("window", f"{answer.window:.0f} s: {said}{': ' if why else ''}{why}")


def _why(answer: Answer, forecast: Forecast, window: float) -> str:
    """Return the bounds that the answer depends on, and what would settle it; empty if the duration says it all."""
    if answer.fits_window is True:
        return "even if guests write as fast as they can" if forecast.unmeasured else ""
    if answer.fits_window is False:
        return f"{_duration(forecast.least)} even if no guest writes to its memory" if forecast.unmeasured else ""
    parts = ["not every guest could be read"] if forecast.missing else []
    if forecast.copied:
        parts.append("how long the copy of the disks takes is unknown")
    if forecast.unread and forecast.seconds > window:
        parts.append("how much of the memory has to be sent is unknown")
    if len(forecast.unmeasured) < len(forecast.loads):
        parts.append(f"a true dirty rate is within {WITHIN:g} times the measured one")
    if forecast.unmeasured:
        parts.append(f"the dirty rate of {listed(forecast.unmeasured)} was not measured")
    parts.append(f"best case {_short(forecast.least)}, worst case {_short(forecast.most)}")
    if answer.bearable is not None:
        parts.append(f"fits if each dirties at most about {answer.bearable} MiB/s")
    if forecast.unmeasured and not forecast.missing and not forecast.copied and forecast.seconds <= window:
        parts.append("measure them with --measure-dirty-rate")
    return "; ".join(parts)


def _short(seconds: float) -> str:
    return "never ends" if math.isinf(seconds) else f"{seconds:.0f} s"


def _name(limit: Limit) -> str:
    return f"{limit.name} on the {limit.host.value}"


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
