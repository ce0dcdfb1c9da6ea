"""The limits of one migration, and what is done at each: how long it may last, and how long it may make no progress."""

from typing import NamedTuple

from preflight.migrate.convergence import PASSES, Passes
from preflight.migrate.progress import Sample
from preflight.request.method import Method
from preflight.request.migration import OnGiveUp
from preflight.units import MIB

#: QEMU's downtime limit, in milliseconds, unless another is set (migration parameter downtime-limit).
DOWNTIME = 300

_WHAT = {
    OnGiveUp.SUSPEND: "the guest is paused on the source until it has moved",
    OnGiveUp.POSTCOPY: "the guest is started on the destination, and its memory follows (post-copy)",
    OnGiveUp.ABORT: "the migration is aborted, and the guest stays on the source",
}


class Reached(NamedTuple):
    """A limit that a migration has reached: its name, why, and what is to be done."""

    name: str
    why: str
    how: OnGiveUp


class Limits:
    """Both limits. Times are those of time.monotonic; each limit is dealt with once."""

    def __init__(self, method: Method, began: float) -> None:
        """Take the options, and when the migration began."""
        self._method, self._began = method, began
        #: The downtime limit in milliseconds, which may be changed while the migration runs.
        self.downtime = method.max_downtime or DOWNTIME
        self._passes = Passes()
        self._is_said = False
        self._done: set[str] = set()

    def begin_pass(self, sample: Sample, now: float) -> str | None:
        """Judge, as a pass begins, whether those before made progress; return once, in words, that they do not."""
        self._passes.begin(sample, self.downtime, now)
        if self._passes.without < PASSES or self._is_said:
            return None
        self._is_said = True
        left, writes, sends = (each / MIB for each in (sample.memory_remaining, sample.dirty_rate, sample.rate))
        return (
            f"does not converge: {self._passes.without} passes in a row made no progress, and {left:.0f} MiB are left;"
            f" the guest writes {writes:.0f} MiB/s, {sends:.0f} MiB/s are sent. {self._remedy(now)}"
        )

    def _remedy(self, now: float) -> str:
        method, said = self._method, []
        if method.patience is not None:
            said.append(f"After {method.patience} {_WHAT[method.on_give_up or OnGiveUp.ABORT]}")
        if method.timeout is not None:
            left = max(0.0, method.timeout - (now - self._began))
            said.append(f"In {left:.0f} s {_WHAT[OnGiveUp(method.on_timeout)]}")
        return ". ".join(said) or "At these rates it may never end: `preflight steer` can end it"

    def reached(self, now: float, *, is_in_postcopy: bool) -> Reached | None:
        """Return a limit that was reached and is not dealt with; post-copy always makes progress."""
        method, timeout = self._method, self._method.timeout
        if timeout is not None and now - self._began >= timeout and "timeout" not in self._done:
            return Reached("timeout", f"the migration has lasted {timeout:g} s", OnGiveUp(method.on_timeout))
        why = None if is_in_postcopy else self._passes.exhausted(method.patience, now)
        if why is not None and "patience" not in self._done:
            return Reached("patience", why, method.on_give_up or OnGiveUp.ABORT)
        return None

    def deal_with(self, limit: Reached) -> None:
        """Take note that what was chosen for this limit was done."""
        self._done.add(limit.name)
