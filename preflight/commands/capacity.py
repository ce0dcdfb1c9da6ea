"""`preflight capacity`: collect facts of both hosts, measure guests on request, and compute numbers and durations."""

import re
from collections.abc import Mapping

from msgspec.structs import replace

from preflight.collect.endpoints import open_hosts
from preflight.collect.session import LiveVisit
from preflight.commands.made import made_now
from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.forecast.answer import Answer
from preflight.forecast.duration import forecast, link_of
from preflight.forecast.memory import Room, rooms
from preflight.judge.check import Checked, check
from preflight.migrate.dirty_rate import measure_over
from preflight.request.check_request import Asked

_WINDOW = re.compile(r"(\d{1,9})([smh]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds_of(option: str, text: str) -> float:
    """Return the seconds of "90s", "30m" or "2h", or of a bare number; raises `UserError`, which names the option."""
    match = _WINDOW.fullmatch(text)
    if match is None or not int(match[1]):
        raise UserError(f"{option}: {text!r} is not a time such as 90s, 30m or 2h")
    return float(int(match[1]) * _SECONDS[match[2]])


def size(
    asked: Asked,
    *,
    concurrency: int | None = None,
    bandwidth: float | None = None,
    window: str | None = None,
    measure_dirty_rate: bool = False,
) -> Answer:
    """Return the answer; `bandwidth` is in MiB/s. Raises `UserError` for values that cannot be used."""
    limit = None if window is None else seconds_of("--window", window)
    with open_hosts(asked) as opened:
        checked = check(opened, rules=())
        dirty = _dirty(checked) if measure_dirty_rate else {}
    room, no_room = _rooms(checked)
    report = replace(checked.report, made=made_now(checked.report.asked))
    try:
        predicted = forecast(checked, link_of(checked, bandwidth), dirty, concurrency=concurrency)
    except Unreadable as why:
        return Answer(report, None, str(why), limit, concurrency, room, no_room)
    return Answer(report, predicted, None, limit, concurrency, room, no_room)


def _rooms(checked: Checked) -> tuple[tuple[Room, ...], str | None]:
    try:
        return rooms(checked), None
    except Unreadable as why:
        return (), str(why)


def _dirty(checked: Checked) -> Mapping[str, float]:
    source = checked.visits[0]
    if not isinstance(source, LiveVisit):
        raise UserError("--measure-dirty-rate: guests in a snapshot cannot be measured: name real hosts, or omit it")
    names = [guest.name for guest in checked.guests if guest.running]
    if not names:
        return {}
    return measure_over(source.connect, names)
