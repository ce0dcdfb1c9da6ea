"""Makes an answer of the document that `capacity --format json` wrote, so that it can be shown in any format."""

import math

from preflight.capacity.precopy import Load, Prediction
from preflight.forecast.answer import Answer
from preflight.forecast.duration import Forecast, Link
from preflight.forecast.memory import Room
from preflight.judge.report import Report
from preflight.judge.saved import asked_of, hosts_of, limits_of, made_of, migration_of, skipped_of
from preflight.schema import capacity as schema


def answer_of(document: schema.Capacity) -> Answer:
    """Return the answer of a document; raises `UserError` for options that no migration has."""
    asked = asked_of(document.request, document.source, document.destination)
    source, destination = hosts_of(document.source, document.destination, document.provenance)
    report = Report(
        migration=migration_of(asked, document.request, both_ways=document.both_ways),
        source=source,
        destination=destination,
        results=(),
        guests=(),
        capacity=limits_of(document.limits, both_ways=document.both_ways),
        asked=asked,
        skipped=skipped_of(document.skipped),
        made=made_of(document.provenance),
    )
    return Answer(
        report,
        _forecast(document),
        document.no_forecast,
        document.window_seconds,
        document.requested,
        tuple(map(_room, document.room)),
        document.no_room,
    )


def _forecast(document: schema.Capacity) -> Forecast | None:
    if document.link_mib_per_s is None:
        return None
    return Forecast(
        Link(document.link_mib_per_s, document.link_because or ""),
        tuple(_load(guest) for guest in document.guests),
        tuple(_alone(guest) for guest in document.guests),
        document.recommended or 0,
        _endless(document.seconds),
        _endless(document.seconds_at_least),
        _endless(document.seconds_at_most),
        document.memory_unread,
        document.not_counted,
        document.off,
        document.copied,
    )


def _load(guest: schema.Guest) -> Load:
    return Load(guest.name, guest.touched_mib, guest.dirty_mib_per_s, guest.untouched_mib)


def _alone(guest: schema.Guest) -> Prediction:
    # the number of rounds is shown in no format
    return Prediction(
        _endless(guest.seconds), _endless(guest.downtime_seconds), _endless(guest.sent_mib), 0, guest.converges
    )


def _endless(seconds: float | None) -> float:
    """Return a number of which JSON has null for infinity."""
    return math.inf if seconds is None else seconds


def _room(room: schema.Room) -> Room:
    return Room(room.name, room.free_kib, room.promised_kib, tuple((one.name, one.needs_kib) for one in room.guests))
