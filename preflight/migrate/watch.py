"""Watches one running migration over a connection of its own, and does to it what was asked for.

A migration that does not converge is noticed and named; one that has lasted too long is paused, switched to post-copy
or aborted; one that sends nothing any more is aborted.
"""

import contextlib
import time
from collections.abc import Mapping

from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.hypervisor import Domain
from preflight.migrate.progress import Sample, sample_of
from preflight.migrate.run import Run
from preflight.request.migration import OnTimeout
from preflight.schema.plan import PlannedGuest
from preflight.units import MIB

#: Seconds between two looks.
POLL = 0.2
#: Passes over the memory, one after the other, that leave no less than the one before, until it is called so.
PASSES = 3
#: Seconds that both hosts may take at the least until the first byte is sent: the destination starts a QEMU.
PREPARING = 60.0
#: Seconds by which libvirt's clock and this one's may differ in how long a job has run.
SLACK = 2.0
#: Seconds between a move's line in the journal and its job at the most: a login, and a guest's lock.
BEGINNING = 60.0
#: QEMU's downtime limit, in milliseconds, unless another is set (migration parameter downtime-limit).
DOWNTIME = 300
#: Why a migration shows nothing and heeds no abort: libvirt does not give the guest's lock away while it connects.
BUSY = (
    "libvirt on the source is busy with its migration and tells nothing of it, as when the destination's port does"
    " not answer: it gives that up by itself after about two minutes, and cannot be aborted before"
)


class Watch:
    """One guest's migration, from the call's start. A job that is not this run's own is looked at, and left alone."""

    def __init__(self, run: Run, guest: PlannedGuest, *, is_in_postcopy: bool = False, age: float | None = 0.0) -> None:
        """Watch this guest of the run; `is_in_postcopy`: its migration has come so far already.

        `age` is how many seconds ago the journal has its move begin, 0 for a call of this process's own. None where
        that is not known: then no job is taken for this run's.
        """
        self._age = age
        self._source, self._uuid, self._name = run.source, guest.uuid, guest.name
        self._journal, self._tell = run.journal, run.tell
        self._method, self._stall = run.plan.method, run.settings.stall
        self._began = self._moved = time.monotonic()
        self._sent = -1
        self._last: Sample | None = None
        self._before: int | None = None
        self._passes = 0
        self._is_named = self._is_timed_out = self._is_downtime_set = False
        self._said: set[str] = set()
        self._is_in_postcopy = is_in_postcopy
        #: Whether the job that runs on the guest is not this run's own, so that nothing is to be done to it.
        self.is_of_another = False
        #: Whether it was paused on the source so that it converges.
        self.has_paused = False
        #: Why it was aborted; None when it was not.
        self.aborted: str | None = None

    @property
    def is_in_postcopy(self) -> bool:
        """Whether post-copy was begun."""
        return self._is_in_postcopy

    def say_once(self, text: str) -> None:
        """Tell something about the guest, unless that was told before."""
        if text not in self._said:
            self._said.add(text)
            self._tell(Event("note", self._name, text))

    def look(self) -> None:
        """One look, and what follows of it. What cannot be seen or done now is seen or done at the next."""
        import libvirt

        try:
            with contextlib.suppress(HostSilent), self._source.calling:
                domain = self._source.domain(self._uuid)
                stats = domain.jobStats()
                self.is_of_another = not self._is_own(stats)
                if self.is_of_another:
                    return
                sample = sample_of(stats)
                if sample is not None:
                    self._follow(domain, stats, sample)
        except libvirt.libvirtError as why:
            if why.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT:
                self.say_once(BUSY)
        self._keep_time()

    def _is_own(self, stats: Mapping[str, int]) -> bool:
        """Whether the job is a migration away that began when this run's did: not before, and not long after."""
        import libvirt

        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        if self._age is None or stats.get("operation", outgoing) != outgoing:
            return False
        since = self._age + time.monotonic() - self._began
        has_run = stats.get("time_elapsed", 0) / 1000
        return has_run <= since + SLACK and (not self._age or has_run >= since - BEGINNING)

    def interrupt(self) -> None:
        """What the user's second Ctrl-C asks for."""
        if self.aborted is None:
            self.abort("interrupted")

    def abort(self, why: str) -> None:
        """End the migration; the guest then stays on the source. Asked for again until it has ended.

        Not in post-copy: its memory lies on both hosts then, and libvirt ends none.
        """
        import libvirt

        if self._is_in_postcopy:
            self.say_once(f"{why}: in post-copy it cannot be aborted, and goes on")
            return
        if self.aborted is None:
            self.aborted = why
            self._tell(Event("aborting", self._name, why))
        with contextlib.suppress(libvirt.libvirtError, HostSilent), self._source.calling:
            domain = self._source.domain(self._uuid)
            if self._is_own(domain.jobStats()):
                domain.abortJob()

    def _follow(self, domain: Domain, stats: dict[str, int], sample: Sample) -> None:
        sent = stats.get("data_processed", stats.get("memory_processed", 0))
        if sent != self._sent:
            self._sent, self._moved = sent, time.monotonic()
        self._tell(Event("progress", self._name, sample=sample))
        if self._method.max_downtime is not None and not self._is_downtime_set:
            domain.migrateSetMaxDowntime(self._method.max_downtime, 0)
            self._is_downtime_set = True
        if self._method.postcopy_after_precopy and sample.iteration > 1:
            self._start_postcopy(domain, "the first pass is over")
        if self._last is not None and sample.iteration > self._last.iteration:
            self._count(sample)
        self._last = sample

    def _count(self, sample: Sample) -> None:
        """A pass begins: whether the ones before have got anywhere."""
        left, before = sample.memory_remaining, self._before
        self._before = left
        within = sample.rate * (self._method.max_downtime or DOWNTIME) / 1000
        stuck = before is not None and left >= before * 0.95 and left > within
        self._passes = self._passes + 1 if stuck else 0
        if self._passes < PASSES or self._is_named:
            return
        self._is_named = True
        text = (
            f"does not converge: {self._passes} passes have left no less than {left / MIB:.0f} MiB each; it writes"
            f" {sample.dirty_rate / MIB:.0f} MiB/s, {sample.rate / MIB:.0f} MiB/s are sent. {self._remedy()}"
        )
        self._tell(Event("not-converging", self._name, text, sample))

    def _remedy(self) -> str:
        if self._method.timeout is None:
            return "Like this it may never end: --timeout, --auto-converge or --postcopy would end it"
        left = max(0.0, self._method.timeout - (time.monotonic() - self._began))
        what = {
            OnTimeout.SUSPEND: "it is paused on the source until it has moved",
            OnTimeout.POSTCOPY: "it is started on the destination, and its memory follows (post-copy)",
            OnTimeout.ABORT: "the migration is aborted, and it stays on the source",
        }[self._method.on_timeout]
        return f"In {left:.0f} s {what}"

    def _keep_time(self) -> None:
        now = time.monotonic()
        timeout = self._method.timeout
        if timeout is not None and not self._is_timed_out and now - self._began >= timeout:
            self._time_out(timeout)
        if self.aborted is not None:
            self.abort(self.aborted)
        stall = self._stall if self._sent >= 0 else max(self._stall, PREPARING)
        if self.aborted is None and now - self._moved >= stall and not self._is_in_postcopy:
            self.abort(f"nothing was sent for {stall:g} s")

    def _time_out(self, timeout: float) -> None:
        import libvirt

        how = self._method.on_timeout
        if how is OnTimeout.ABORT:
            self._is_timed_out = True
            self.abort(f"it has lasted {timeout:g} s")
            return
        with contextlib.suppress(libvirt.libvirtError, HostSilent), self._source.calling:
            domain = self._source.domain(self._uuid)
            if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_UNBOUNDED or not self._is_own(domain.jobStats()):
                return  # it has not begun yet, or has just ended
            if how is OnTimeout.POSTCOPY:
                self._start_postcopy(domain, f"it has lasted {timeout:g} s")
            else:
                if not self.has_paused:
                    self._journal.note("paused", self._uuid)
                    self.has_paused = True
                domain.suspend()
                self._tell(Event("timeout", self._name, f"has lasted {timeout:g} s: it is paused until it has moved"))
            self._is_timed_out = True

    def _start_postcopy(self, domain: Domain, why: str) -> None:
        if not self._is_in_postcopy:
            domain.migrateStartPostCopy(0)
            self._is_in_postcopy = True
            self._tell(Event("timeout", self._name, f"{why}: it goes on in post-copy, and can no longer be aborted"))
