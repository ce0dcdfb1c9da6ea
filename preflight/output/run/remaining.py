"""The memory that a run has still to send, and the time that this takes as far as it can be known. No clock is read."""

import enum
import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from preflight.migrate.progress import Sample
from preflight.schema.plan import PlannedGuest
from preflight.units import MIB


class Eta(Struct, frozen=True):
    """The time until all is sent, in seconds: infinite if it never will be, None if nothing is known about it."""

    seconds: float | None
    #: A condition under which it holds, for people.
    but: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            return "ETA unknown"
        if math.isinf(self.seconds):
            return "ETA never at this rate"
        return f"ETA {_clock(self.seconds)}{self.but}"


#: More may be written during the first pass, and sent again.
OR_MORE = " or more"
#: More or fewer guests may share the link later.
AT_THIS_RATE = " at this rate"


class Stage(enum.Enum):
    """The progress of a guest in a run."""

    WAITING = enum.auto()
    MOVING = enum.auto()
    ARRIVED = enum.auto()
    #: It did not arrive: its memory has still to be sent, but not in this run.
    FAILED = enum.auto()


class Sending:
    """The memory of one guest, in bytes. `total` grows with the memory that the guest writes to during its migration.

    QEMU counts all of the guest's memory as remaining at first, but pages that were never touched are hardly sent:
    during the first pass only the touched part counts.
    """

    def __init__(self, touched: int | None = None) -> None:
        """Expect to send this many bytes; None if that is known only from the first sample."""
        self._touched = touched
        self.stage = Stage.WAITING
        self.sent, self.left = 0, touched or 0
        self.rate = self.dirty_rate = 0
        self._is_first_pass = True

    @property
    def total(self) -> int:
        """Return the bytes that were sent and those that are left."""
        return self.sent + self.left

    def start(self) -> None:
        """Begin again: a resumed migration sends what is left, and nothing more is known about it yet."""
        self.stage = Stage.MOVING
        self.rate = self.dirty_rate = 0

    def hear(self, sample: Sample) -> None:
        """Take over what the migration job says about itself."""
        self.stage = Stage.MOVING
        self._is_first_pass = sample.iteration <= 1
        if self._touched is None:
            self._touched = self.left = sample.memory_total
        left = max(0, sample.memory_remaining)
        if self._is_first_pass and sample.memory_total > 0:
            left = round(left * min(1.0, self._touched / sample.memory_total))
        self.sent += max(0, self.left - left)
        self.left, self.rate, self.dirty_rate = left, max(0, sample.rate), max(0, sample.dirty_rate)

    def end(self, *, arrived: bool) -> None:
        """Count all memory as sent, or as left if the guest did not arrive."""
        total = self.total
        self.sent, self.left = (total, 0) if arrived else (0, total)
        self.stage = Stage.ARRIVED if arrived else Stage.FAILED
        self.rate = self.dirty_rate = 0

    @property
    def eta(self) -> Eta:
        """Return when it will be sent: what is left shrinks by the difference of both rates.

        QEMU knows how much a guest writes only when a pass ends, so during the first one nothing is known of it.
        """
        if not self.rate:
            return Eta(None)
        if self._is_first_pass:
            return Eta(self.left / self.rate, OR_MORE)
        return Eta(_seconds(self.left, self.rate, self.dirty_rate))


class Whole:
    """The guests of a run together. Each counts as one MiB more than its memory, also one that is off and has none."""

    def __init__(self, guests: Iterable[PlannedGuest]) -> None:
        """Expect these guests, in the state in which they were planned."""
        self._guests = {one.name: Sending(one.touched_kib * 1024 if one.active else 0) for one in guests}
        #: Whether guests that wait will still be started.
        self.starts_more = True
        #: Bytes a second that all guests sent together when one was last heard of.
        self._rate = 0

    def guest(self, name: str) -> Sending:
        """Return one guest, also one that was not planned under that name."""
        return self._guests.setdefault(name, Sending())

    def hear(self, name: str, sample: Sample) -> None:
        """Take over what the migration job of a guest says about itself."""
        self.guest(name).hear(sample)
        self._rate = sum(one.rate for one in self._guests.values()) or self._rate

    @property
    def progress(self) -> tuple[int, int]:
        """Return how much is done and how much there is, in bytes."""
        all_of_them = self._guests.values()
        done = sum(one.sent + MIB * (one.stage is Stage.ARRIVED) for one in all_of_them)
        return done, sum(one.total + MIB for one in all_of_them)

    @property
    def eta(self) -> Eta:
        """Return when all guests that move or will be moved are sent; unknown until one of them sends."""
        moving = [one for one in self._guests.values() if one.stage is Stage.MOVING]
        waiting = [one for one in self._guests.values() if one.stage is Stage.WAITING and self.starts_more]
        if any(one.rate and one.eta.seconds == math.inf for one in moving):
            return Eta(math.inf)
        if not (moving or waiting) or not self._rate:
            return Eta(None)
        left = sum(one.left for one in (*moving, *waiting))
        return Eta(left / self._rate, AT_THIS_RATE)

    def words(self) -> Sequence[str]:
        """Return what a person wants to know, the most important first."""
        guests = self._guests.values()
        arrived = sum(one.stage is Stage.ARRIVED for one in guests)
        left, total = sum(one.left for one in guests), sum(one.total for one in guests)
        said = [f"{arrived} of {len(guests)} guests"]
        if total:
            said.append(of(left, total))
        if arrived < len(guests) and total:
            said.append(str(self.eta))
        return said


def of(left: int, total: int) -> str:
    """Return how much is left, in MiB."""
    return f"{left / MIB:.0f} of {total / MIB:.0f} MiB left"


def fitted(parts: Sequence[str], width: int) -> str:
    """Return as many of the parts as fit into that many columns; of the first, as much as fits."""
    line, *others = parts
    for part in others:
        longer = f"{line}, {part}"
        if len(longer) > width:
            break
        line = longer
    return line if len(line) <= width else f"{line[: max(0, width - 1)]}\N{HORIZONTAL ELLIPSIS}"


def _seconds(left: int, rate: int, dirty_rate: int) -> float:
    return left / (rate - dirty_rate) if dirty_rate < rate else math.inf


def _clock(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
