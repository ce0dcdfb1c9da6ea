"""`preflight capacity --format json`: a public contract, described by docs/capacity.schema.json."""

import math

from preflight.capacity.limit import Limit
from preflight.forecast.answer import Answer
from preflight.forecast.duration import Forecast
from preflight.forecast.memory import Room
from preflight.output.report.json import short_limits
from preflight.schema import capacity as schema
from preflight.schema.document import text
from preflight.schema.report import LimitName, Location


def render(answer: Answer, _colour: bool) -> str:
    """Return the answer as JSON."""
    capacity, forecast = answer.report.capacity, answer.forecast
    return text(
        schema.Capacity(
            format=schema.FORMAT,
            limits=tuple(_limit(limit) for limit in capacity.limits),
            in_flight=capacity.concurrent,
            safe=capacity.safe,
            burst=capacity.burst,
            over_one_connection=capacity.over_one_connection,
            both_ways=capacity.both_ways,
            limited_by=_named(capacity.binding),
            next=_named(capacity.next_binding),
            burst_limited_by=_named(capacity.burst_binding),
            requested=answer.concurrency,
            fits_limits=None if answer.concurrency is None else answer.fits_limits,
            short=short_limits(capacity, answer.concurrency) if answer.concurrency is not None else (),
            classic=capacity.classic,
            recommended=forecast.width if forecast else None,
            link_mib_per_s=forecast.link.rate if forecast else None,
            room=tuple(_room(room) for room in answer.rooms),
            guests=_guests(forecast) if forecast else (),
            seconds=_finite(forecast.seconds) if forecast else None,
            seconds_at_least=_finite(forecast.least) if forecast else None,
            seconds_at_most=_finite(forecast.most) if forecast else None,
            window_seconds=answer.window,
            fits_window=answer.fits_window if answer.window is not None else None,
            bearable_dirty_mib_per_s=answer.bearable,
            fits=answer.fits,
        )
    )


def _named(limit: Limit | None) -> LimitName | None:
    return None if limit is None else LimitName(name=limit.name, host=limit.host.value)


def _limit(limit: Limit) -> schema.Limit:
    place = limit.at
    return schema.Limit(
        name=limit.name,
        host=limit.host.value,
        scope=limit.scope.value,
        configured=limit.configured,
        written=limit.written,
        location=Location(path=place.path, line=place.line, column=place.column) if place else None,
        in_use=limit.in_use,
        takes=limit.takes,
        allows=limit.allows,
        burst=limit.burst,
        beyond=limit.beyond or None,
        reason=limit.reason,
    )


def _room(room: Room) -> schema.Room:
    return schema.Room(
        name=room.name,
        free_kib=room.free,
        promised_kib=room.promised,
        guests=tuple(schema.Need(name=name, needs_kib=needs) for name, needs in room.wanted),
        fitting=tuple(room.fitting),
    )


def _guests(forecast: Forecast) -> tuple[schema.Guest, ...]:
    return tuple(
        schema.Guest(
            name=load.name,
            touched_mib=load.memory,
            dirty_mib_per_s=load.dirty,
            converges=alone.converges,
            seconds=_finite(alone.seconds),
            downtime_seconds=_finite(alone.downtime),
            sent_mib=_finite(alone.sent),
        )
        for load, alone in zip(forecast.loads, forecast.alone, strict=True)
    )


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value
