"""The answer of `preflight capacity`, in any format."""

from msgspec import Struct

from preflight.forecast.duration import Forecast
from preflight.forecast.memory import Room
from preflight.judge.report import Report


class Answer(Struct, frozen=True):
    """Everything that is printed. If `forecast` is None, `no_forecast` gives the reason. `window` is in seconds."""

    report: Report
    forecast: Forecast | None
    no_forecast: str | None = None
    window: float | None = None
    #: The requested number at a time; None for the recommended number.
    concurrency: int | None = None
    rooms: tuple[Room, ...] = ()
    #: Why the destination's free memory is not known; None if it is.
    no_rooms: str | None = None

    @property
    def fits(self) -> bool | None:
        """Report whether the request is possible: that many at a time, all within the window; None if not known."""
        capacity = self.report.capacity
        if self.concurrency is not None and capacity.concurrent is not None and self.concurrency > capacity.concurrent:
            return False
        if self.window is not None and self.forecast is not None and self.forecast.seconds > self.window:
            return False
        unsure = self.concurrency is not None and (capacity.concurrent is None or capacity.unread)
        return None if unsure or (self.window is not None and self.forecast is None) else True

    @property
    def exit_code(self) -> int:
        """Return 0 if the request is possible or nothing was requested, 1 if it is not, 3 if that is not known."""
        return {True: 0, False: 1, None: 3}[self.fits]
