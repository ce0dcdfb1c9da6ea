"""Watches a running migration over the source's shared connection, and applies the options about how it may end.

If the migration does not converge, this is reported. If it lasts too long or makes no progress for too long, the guest
is paused, or the migration is switched to post-copy or aborted. If it no longer sends anything, it is aborted. Orders
of `preflight steer`, which acts by itself, are taken note of.
"""

import contextlib
import time
from collections.abc import Mapping

from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.hypervisor import Domain
from preflight.migrate.limits import Limits, Reached
from preflight.migrate.observation import IN_POSTCOPY
from preflight.migrate.orders import Act, Following, Order, State, why_aborted
from preflight.migrate.own_job import is_own
from preflight.migrate.progress import Sample, sample_of
from preflight.migrate.run import Run
from preflight.request.migration import OnGiveUp
from preflight.schema.plan import PlannedGuest

#: Seconds between two readings.
POLL = 0.2
#: Seconds that the hosts are given at least until the first byte is sent: the destination has to start a QEMU.
PREPARING = 60.0
#: Seconds for which an action that libvirt refuses is tried again; then the migration is aborted.
REFUSING = 30.0
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
        self._limits = Limits(self._method, self._began)
        self._is_downtime_set = False
        self._said: set[str] = set()
        self._orders = Following(run.journal.path, guest.uuid)
        #: When libvirt first refused what was chosen for a limit.
        self._refused_at: float | None = None
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

        for order in self._orders.news():
            self._hear(order)
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
        """Report whether the job is the one of this run's move."""
        since = (self._age or 0.0) + time.monotonic() - self._began
        return self._age is not None and is_own(stats, since, by_journal=bool(self._age))

    def _hear(self, order: Order) -> None:
        """Take note of an order: of the reason for an abort before libvirt has ended the migration."""
        if order.state is State.REFUSED:
            if order.act is Act.ABORT and self.aborted == why_aborted(order):
                self.aborted = None
            return
        if order.state is State.DONE and order.act is not Act.ABORT:
            self.say_once(f"changed while it runs: {order}")
        if order.act is Act.ABORT and self.aborted is None:
            self.abort(why_aborted(order))
        if order.act is Act.MAX_DOWNTIME and order.value is not None:
            self._limits.downtime, self._is_downtime_set = order.value, True

    def reason(self) -> str | None:
        """Return why the migration was aborted, also by an order since the last reading; None if it was not."""
        for order in self._orders.news():
            if order.act is Act.ABORT and order.state is not State.REFUSED:
                self.aborted = self.aborted or why_aborted(order)
        return self.aborted

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
        if self._method.postcopy and not self._is_in_postcopy:
            self._see_postcopy(domain)
        if self._method.max_downtime is not None and not self._is_downtime_set:
            domain.migrateSetMaxDowntime(self._method.max_downtime, 0)
            self._is_downtime_set = True
        if self._method.postcopy_after_precopy and sample.iteration > 1:
            self._start_postcopy(domain, "the first pass is over")
        is_new_pass = self._last is not None and sample.iteration > self._last.iteration
        if is_new_pass and (text := self._limits.begin_pass(sample, time.monotonic())):
            self._tell(Event("not-converging", self._name, text, sample))
        self._last = sample

    def _see_postcopy(self, domain: Domain) -> None:
        """Notice post-copy that somebody else has started: from then on nothing may be aborted."""
        import libvirt

        if tuple(domain.state()[:2]) == (libvirt.VIR_DOMAIN_PAUSED, IN_POSTCOPY):
            self._is_in_postcopy = True
            self._tell(Event("note", self._name, "it continues in post-copy, and can no longer be aborted"))

    def _keep_time(self) -> None:
        now = time.monotonic()
        limit = self._limits.reached(now, is_in_postcopy=self._is_in_postcopy)
        why = self.aborted if limit is None else self._end(now, limit) or self.aborted
        if why is not None:
            self.abort(why)
        stall = self._stall if self._sent >= 0 else max(self._stall, PREPARING)
        if self.aborted is None and now - self._moved >= stall and not self._is_in_postcopy:
            self.abort(f"nothing was sent for {stall:g} s")

    def _end(self, now: float, limit: Reached) -> str | None:
        """Do what was chosen for a limit, or return why the migration is to be aborted.

        What cannot be done now, since there is no job yet or libvirt refuses, is tried again at the next reading.
        """
        import libvirt

        if limit.how is OnGiveUp.ABORT:
            self._limits.deal_with(limit)
            return limit.why
        with contextlib.suppress(libvirt.libvirtError, HostSilent), self._source.calling:
            domain = self._source.domain(self._uuid)
            if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_UNBOUNDED or not self._is_own(domain.jobStats()):
                return None  # the job has not begun yet, or has just ended
            act = self._start_postcopy if limit.how is OnGiveUp.POSTCOPY else self._pause
            try:
                act(domain, limit.why)
            except libvirt.libvirtError as refusal:
                return self._bear(now, limit, refusal)
            self._limits.deal_with(limit)
        return None

    def _bear(self, now: float, limit: Reached, refusal: Exception) -> str | None:
        """Report a refusal; return why the migration is to be aborted once libvirt has refused for too long."""
        self._refused_at = now if self._refused_at is None else self._refused_at
        said = f"{limit.why}, but libvirt refuses what was chosen for that: {refusal}"
        self.say_once(said)
        if now - self._refused_at < REFUSING:
            return None
        self._limits.deal_with(limit)
        return said

    def _pause(self, domain: Domain, why: str) -> None:
        if not self.has_paused:
            self._journal.note("paused", self._uuid)
            self.has_paused = True
        domain.suspend()
        self._tell(Event("timeout", self._name, f"{why}: the guest is paused until it has moved"))

    def _start_postcopy(self, domain: Domain, why: str) -> None:
        if not self._is_in_postcopy:
            domain.migrateStartPostCopy(0)
            self._is_in_postcopy = True
            self._tell(Event("timeout", self._name, f"{why}: it continues in post-copy, and can no longer be aborted"))
