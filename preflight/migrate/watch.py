"""Watches a running migration over the source's shared connection, and applies the options about how it may end.

If the migration does not converge, this is reported. If it lasts too long, the guest is paused, or the migration is
switched to post-copy or aborted. If it no longer sends anything, it is aborted.
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

#: Seconds between two readings.
POLL = 0.2
#: Consecutive passes over the memory that each leave at least 95 % of what the one before left, until this is reported.
PASSES = 3
#: Seconds that the hosts are given at least until the first byte is sent: the destination has to start a QEMU.
PREPARING = 60.0
#: Seconds by which libvirt's clock and this one's may differ in how long a job has run.
SLACK = 2.0
#: Most seconds between a move's line in the journal and the start of its job: a login, and the guest's lock.
BEGINNING = 60.0
#: QEMU's downtime limit, in milliseconds, unless another is set (migration parameter downtime-limit).
DOWNTIME = 300
#: Why a migration reports nothing and ignores an abort: libvirt holds the guest's lock while it connects.
BUSY = (
    "libvirt on the source is busy with the migration and reports nothing about it, as happens if the destination's"
    " port does not answer: libvirt gives up by itself after about two minutes, and the migration cannot be aborted"
    " before that"
)


class Watch:
    """Watches one guest's migration from the start of the call. A job that is not this run's is left alone."""

    def __init__(self, run: Run, guest: PlannedGuest, *, is_in_postcopy: bool = False, age: float | None = 0.0) -> None:
        """Watch this guest of the run; `is_in_postcopy` says that its migration is already in post-copy.

        `age` is the number of seconds since the move began by the journal, 0 for a call of this process. None means
        that it is not known: then no job is taken for this run's.
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
        #: True if the guest's job is not this run's, so that it must not be touched.
        self.is_of_another = False
        #: True once the guest was paused on the source to make the migration converge.
        self.has_paused = False
        #: Why the migration was aborted; None if it was not.
        self.aborted: str | None = None

    @property
    def is_in_postcopy(self) -> bool:
        """True once post-copy has begun."""
        return self._is_in_postcopy

    def say_once(self, text: str) -> None:
        """Report something about the guest, unless it was reported before."""
        if text not in self._said:
            self._said.add(text)
            self._tell(Event("note", self._name, text))

    def look(self) -> None:
        """Read the job once and act on it. Anything that cannot be read or done now is retried at the next reading."""
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
        """Report whether the job is an outgoing migration that began with this run's: not before, nor long after."""
        import libvirt

        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        if self._age is None or stats.get("operation", outgoing) != outgoing:
            return False
        since = self._age + time.monotonic() - self._began
        has_run = stats.get("time_elapsed", 0) / 1000
        return has_run <= since + SLACK and (not self._age or has_run >= since - BEGINNING)

    def interrupt(self) -> None:
        """Abort the migration at the user's second Ctrl-C."""
        if self.aborted is None:
            self.abort("interrupted")

    def abort(self, why: str) -> None:
        """Abort the migration, so that the guest stays on the source. The request is repeated until it has ended.

        In post-copy nothing is aborted: the memory is on both hosts then, and libvirt refuses.
        """
        import libvirt

        if self._is_in_postcopy:
            self.say_once(f"{why}: a post-copy migration cannot be aborted, and continues")
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
        """Judge, as a pass begins, whether the passes before it have made progress."""
        left, before = sample.memory_remaining, self._before
        self._before = left
        within = sample.rate * (self._method.max_downtime or DOWNTIME) / 1000
        stuck = before is not None and left >= before * 0.95 and left > within
        self._passes = self._passes + 1 if stuck else 0
        if self._passes < PASSES or self._is_named:
            return
        self._is_named = True
        text = (
            f"does not converge: {self._passes} passes in a row made no progress, and {left / MIB:.0f} MiB are left;"
            f" the guest writes {sample.dirty_rate / MIB:.0f} MiB/s, {sample.rate / MIB:.0f} MiB/s are sent."
            f" {self._remedy()}"
        )
        self._tell(Event("not-converging", self._name, text, sample))

    def _remedy(self) -> str:
        if self._method.timeout is None:
            return "At these rates it may never end: --timeout, --auto-converge or --postcopy would end it"
        left = max(0.0, self._method.timeout - (time.monotonic() - self._began))
        what = {
            OnTimeout.SUSPEND: "the guest is paused on the source until it has moved",
            OnTimeout.POSTCOPY: "the guest is started on the destination, and its memory follows (post-copy)",
            OnTimeout.ABORT: "the migration is aborted, and the guest stays on the source",
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
            self.abort(f"the migration has lasted {timeout:g} s")
            return
        with contextlib.suppress(libvirt.libvirtError, HostSilent), self._source.calling:
            domain = self._source.domain(self._uuid)
            if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_UNBOUNDED or not self._is_own(domain.jobStats()):
                return  # the job has not begun yet, or has just ended
            if how is OnTimeout.POSTCOPY:
                self._start_postcopy(domain, f"the migration has lasted {timeout:g} s")
            else:
                if not self.has_paused:
                    self._journal.note("paused", self._uuid)
                    self.has_paused = True
                domain.suspend()
                self._tell(
                    Event(
                        "timeout",
                        self._name,
                        f"the migration has lasted {timeout:g} s: the guest is paused until it has moved",
                    )
                )
            self._is_timed_out = True

    def _start_postcopy(self, domain: Domain, why: str) -> None:
        if not self._is_in_postcopy:
            domain.migrateStartPostCopy(0)
            self._is_in_postcopy = True
            self._tell(Event("timeout", self._name, f"{why}: it continues in post-copy, and can no longer be aborted"))
