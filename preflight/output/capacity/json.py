"""`preflight capacity --format json`: a public contract, described by docs/capacity.schema.json."""

import math

from preflight.capacity.limit import Limit
from preflight.forecast.answer import Answer
from preflight.forecast.duration import Forecast
from preflight.forecast.memory import Room
from preflight.output.report.json import host, of_limit, origin, request, short_limits, skipped
from preflight.schema import capacity as schema
from preflight.schema.document import text
from preflight.schema.report import LimitName


def render(answer: Answer, _colour: bool) -> str:
    """Return the answer as JSON."""
    capacity, forecast = answer.report.capacity, answer.forecast
    return text(
        schema.Capacity(
            kind="capacity",
            format=schema.FORMAT,
            source=host(answer.report.source),
            destination=host(answer.report.destination),
            skipped=skipped(answer.report),
            limits=tuple(map(of_limit, capacity.limits)),
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
            link_because=forecast.link.because if forecast else None,
            no_forecast=answer.no_forecast,
            no_room=answer.no_rooms,
            memory_unread=forecast.unread if forecast else None,
            not_counted=forecast.missing if forecast else (),
            off=forecast.off if forecast else (),
            copied=forecast.copied if forecast else (),
            room=tuple(_room(room) for room in answer.rooms),
            guests=_guests(forecast) if forecast else (),
            seconds=_finite(forecast.seconds) if forecast else None,
            seconds_at_least=_finite(forecast.least) if forecast else None,
            seconds_at_most=_finite(forecast.most) if forecast else None,
            window_seconds=answer.window,
            fits_window=answer.fits_window if answer.window is not None else None,
            bearable_dirty_mib_per_s=answer.bearable,
            fits=answer.fits,
            request=request(answer.report),
            provenance=origin(answer.report),
        )
    )


def _named(limit: Limit | None) -> LimitName | None:
    return None if limit is None else LimitName(name=limit.name, host=limit.host.value)


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
            untouched_mib=load.untouched,
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
