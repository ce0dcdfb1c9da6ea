"""Judges at the beginning of each pass over a guest's memory whether its migration still makes progress."""

from preflight.migrate.progress import Sample
from preflight.request.give_up import Patience

#: Passes in a row without progress after which a migration is said not to converge; none is given up before, after
#: whatever time.
PASSES = 3
#: A pass makes progress if it leaves less than this share of the least that any pass before it left.
PROGRESS = 0.95


class Passes:
    """The passes of one migration, and since when none of them has made progress.

    Each is compared with the best one before, so that a guest whose rate of writing goes up and down does not count as
    making progress: of a guest with 512 GiB at most 150 passes can.
    """

    def __init__(self) -> None:
        """Expect the first pass."""
        self._least: int | None = None
        #: Passes in a row that made no progress, and when the last one that did was over, on time.monotonic's clock.
        self.without = 0
        self._since: float | None = None

    def begin(self, sample: Sample, downtime: int, now: float) -> None:
        """Count the pass before the one that begins with this sample; `downtime` is QEMU's limit in milliseconds.

        What fits into the downtime counts as progress: QEMU hands the guest over then.
        """
        left = sample.memory_remaining
        fits = left <= sample.rate * downtime / 1000
        if self._least is None or left < self._least * PROGRESS or fits:
            self._least, self._since, self.without = left, now, 0
        else:
            self.without += 1

    def exhausted(self, patience: Patience | None, now: float) -> str | None:
        """Return why a migration is given up, as the beginning of a sentence; None while it is not."""
        if patience is None or self._since is None:
            return None
        if patience.passes is not None:
            is_over = self.without >= patience.passes
        else:
            is_over = self.without >= PASSES and now - self._since >= (patience.seconds or 0)
        return f"it does not converge: {patience}" if is_over else None
