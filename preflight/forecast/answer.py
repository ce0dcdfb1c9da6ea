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
        parts = (self.fits_limits, self.fits_window)
        return False if False in parts else None if None in parts else True

    @property
    def fits_limits(self) -> bool | None:
        """Report whether the requested number is possible; True if none was requested, None if that is not known."""
        return True if self.concurrency is None else self.report.capacity.allows(self.concurrency)

    @property
    def fits_window(self) -> bool | None:
        """Report whether all guests fit into the window; True without one, None if that depends on what is not known.

        False is certain too: then not even idle guests would fit.
        """
        if self.window is None:
            return True
        if self.forecast is None:
            return None
        return False if self.forecast.least > self.window else True if self.forecast.most <= self.window else None

    @property
    def at_a_time(self) -> int:
        """Return the number of guests that are migrated at a time: the requested or the recommended number."""
        return self.concurrency or (self.forecast.width if self.forecast else 1)

    @property
    def bearable(self) -> int | None:
        """Return the MiB/s that each unmeasured guest may dirty at most so that all fit into the window.

        None if the answer does not depend on it, or on more than that.
        """
        forecast = self.forecast
        if self.window is None or forecast is None or forecast.missing or forecast.copied:
            return None
        if self.fits_window is not None:
            return None
        return forecast.bearable(self.at_a_time, self.window) if forecast.unmeasured else None

    @property
    def exit_code(self) -> int:
        """Return 0 if the request is possible or nothing was requested, 1 if it is not, 3 if that is not known."""
        return {True: 0, False: 1, None: 3}[self.fits]
