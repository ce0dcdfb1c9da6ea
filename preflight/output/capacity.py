"""What `preflight capacity` prints: each limit, the numbers that follow, and how long the guests take."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct
from tabulate import tabulate

from preflight.forecast import Forecast
from preflight.output.terminal import CONTROL, labelled, one_line
from preflight.report import Limit, Report


class Answer(Struct, frozen=True):
    """All that is printed. `forecast` is None where `no_forecast` says why; `window` is in seconds."""

    report: Report
    forecast: Forecast | None
    no_forecast: str | None = None
    window: float | None = None
    #: How many at a time were asked for; None for the recommended number.
    concurrency: int | None = None

    @property
    def fits(self) -> bool | None:
        """Whether what was asked for can be had: so many at a time, all within the window. None when not known."""
        capacity = self.report.capacity
        if self.concurrency is not None and capacity.concurrent is not None and self.concurrency > capacity.concurrent:
            return False
        if self.window is not None and self.forecast is not None and self.forecast.seconds > self.window:
            return False
        unsure = self.concurrency is not None and (capacity.concurrent is None or capacity.unread)
        return None if unsure or (self.window is not None and self.forecast is None) else True

    @property
    def exit_code(self) -> int:
        """As a check's verdict: 0 it fits, or nothing was asked for; 1 it does not; 3 that is not known."""
        return {True: 0, False: 1, None: 3}[self.fits]


Render: TypeAlias = Callable[[Answer], str]


def text(answer: Answer) -> str:
    """For people."""
    parts = [_limits(answer), "\n".join(_numbers(answer))]
    if answer.forecast is not None and answer.forecast.loads:
        parts.append(_guests(answer.forecast))
        parts.append("\n".join(_all(answer, answer.forecast)))
    return "\n\n".join(parts) + "\n"


def as_json(answer: Answer) -> str:
    """For programs."""
    capacity, forecast = answer.report.capacity, answer.forecast
    document = {
        "format": 1,
        "limits": [_limit(limit) for limit in capacity.limits],
        "in_flight": capacity.concurrent,
        "safe": capacity.safe,
        "burst": capacity.burst,
        "limited_by": _named(capacity.binding),
        "next": _named(capacity.next_binding),
        "burst_limited_by": _named(capacity.burst_binding),
        "classic": capacity.classic,
        "recommended": forecast.width if forecast else None,
        "link_mib_per_s": forecast.link.rate if forecast else None,
        "guests": _guest_values(forecast) if forecast else [],
        "seconds": _finite(forecast.seconds) if forecast else None,
        "window_seconds": answer.window,
        "fits": answer.fits,
    }
    shown = json.dumps(document, indent=2, ensure_ascii=False)
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", shown) + "\n"


FORMATS: Mapping[str, Render] = {"text": text, "json": as_json}


def _limits(answer: Answer) -> str:
    rows = [
        (
            limit.name,
            limit.host.value,
            limit.written or _number(limit.configured),
            _where(limit),
            _number(limit.in_use),
            limit.takes,
            _number(limit.allows) + (" at once" if limit.burst else ""),
            limit.beyond,
        )
        for limit in answer.report.capacity.limits
    ]
    heads = ("limit", "host", "in force", "set by", "in use", "each takes", "allows", "one more")
    return tabulate(rows, heads, disable_numparse=True)


def _where(limit: Limit) -> str:
    if limit.configured is None:
        return "not known"
    return f"{one_line(limit.at.path)}:{limit.at.line}" if limit.at else "default"


def _numbers(answer: Answer) -> Iterator[str]:
    capacity = answer.report.capacity
    at_most = "at most " if capacity.unread else ""
    binding, following, first = capacity.binding, capacity.next_binding, capacity.burst_binding
    if binding is None or first is None:
        yield from _line("in flight", "not known: no limit could be read")
    else:
        more = f"; next: {_name(following)}, {following.allows}" if following else ""
        yield from _line("in flight", f"{at_most}{binding.allows}, more do not run together ({_name(binding)}{more})")
        if capacity.safe != binding.allows:
            yield from _line("safe", f"{at_most}{capacity.safe}, which leaves workers to tell of progress and to abort")
        spaced = "; started a second apart none is lost" if first.burst else ""
        lost = "lose connections" if first.burst else "do not run together"
        yield from _line("burst", f"{at_most}{first.allows}, more at the same instant {lost} ({_name(first)}{spaced})")
    if answer.forecast is not None and answer.forecast.loads:
        link, width = answer.forecast.link, answer.forecast.width
        count = len(answer.forecast.loads)
        yield from _line(
            "recommended",
            f"{width}, the shortest time for {'this guest' if count == 1 else f'these {count} guests'}"
            f" on a link of {link.rate:.0f} MiB/s ({link.because})",
        )
    elif answer.no_forecast:
        yield from _line("recommended", f"not known: {answer.no_forecast}")
    if capacity.classic is not None:
        yield from _line("Red Hat's", f"{capacity.classic}, {_why_classic(capacity.classic)}")
    for limit in capacity.unread:
        yield from _line("unread", f"{_name(limit)}: {limit.reason}")


def _why_classic(classic: int) -> str:
    return (
        f"two clients a migration of max_clients {classic * 2} or {classic * 2 + 1}: it adds up both daemons' clients,"
        " while each daemon has a max_clients of its own and sees one"
    )


def _guests(forecast: Forecast) -> str:
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
    heads = ("guest", "touched MiB", "dirties MiB/s", "alone takes", "stands still", "sends MiB")
    return tabulate(rows, heads, disable_numparse=True)


def _all(answer: Answer, forecast: Forecast) -> Iterator[str]:
    width = answer.concurrency or forecast.width
    took = "never end: one dirties memory as fast as it is sent" if math.isinf(forecast.seconds) else None
    yield from _line("all of them", took or f"{forecast.seconds:.0f} s, {width} at a time")
    if any(load.dirty is None for load in forecast.loads):
        yield from _line("", "at least: without --measure-dirty-rate every guest is taken for idle")
    if forecast.unread:
        yield from _line("", f"all memory is counted: {forecast.unread}")
    if answer.window is not None:
        fits = "fits" if forecast.seconds <= answer.window else "DOES NOT FIT"
        yield from _line("window", f"{answer.window:.0f} s: {fits}")


def _line(label: str, said: str) -> list[str]:
    return labelled(label, said, width=None, indent=0, column=13)


def _name(limit: Limit) -> str:
    return f"{limit.name} on the {limit.host.value}"


def _named(limit: Limit | None) -> dict[str, str] | None:
    return None if limit is None else {"name": limit.name, "host": limit.host.value}


def _limit(limit: Limit) -> dict[str, object]:
    place = limit.at
    return {
        "name": limit.name,
        "host": limit.host.value,
        "configured": limit.configured,
        "written": limit.written,
        "location": {"path": place.path, "line": place.line, "column": place.column} if place else None,
        "in_use": limit.in_use,
        "takes": limit.takes,
        "allows": limit.allows,
        "burst": limit.burst,
        "beyond": limit.beyond or None,
        "reason": limit.reason,
    }


def _guest_values(forecast: Forecast) -> list[dict[str, object]]:
    return [
        {
            "name": load.name,
            "touched_mib": load.memory,
            "dirty_mib_per_s": load.dirty,
            "converges": alone.converges,
            "seconds": _finite(alone.seconds),
            "downtime_seconds": _finite(alone.downtime),
            "sent_mib": _finite(alone.sent),
        }
        for load, alone in zip(forecast.loads, forecast.alone, strict=True)
    ]


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
