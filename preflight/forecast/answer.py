"""What `preflight capacity` has to say, whatever the format."""

from msgspec import Struct

from preflight.forecast.duration import Forecast
from preflight.forecast.memory import Room
from preflight.judge.report import Report


class Answer(Struct, frozen=True):
    """All that is printed. `forecast` is None where `no_forecast` says why; `window` is in seconds."""

    report: Report
    forecast: Forecast | None
    no_forecast: str | None = None
    window: float | None = None
    #: How many at a time were asked for; None for the recommended number.
    concurrency: int | None = None
    rooms: tuple[Room, ...] = ()
    #: Why it is not known what room the destination has; None when it is.
    no_rooms: str | None = None

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
