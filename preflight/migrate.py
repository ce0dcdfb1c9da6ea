"""Runs a migration plan, and then looks at both hosts to say where the guest is. The only part that moves a guest."""

import contextlib
import enum
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from preflight.plan import MigrationPlan
from preflight.progress import Sample, sample_of

#: Seconds between two looks at a running job.
POLL = 0.25
#: A connection counts as dead after `count` unanswered keepalives, `interval` seconds apart: libvirt's own defaults.
KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 5, 5

Connect = Callable[[], Any]
Watch = Callable[[Sample], None]


class Place(enum.Enum):
    """What a host says of a guest."""

    ABSENT = "not there"
    OFF = "defined there, off"
    RUNNING = "running"
    PAUSED = "paused"
    OTHER = "there, in another state"
    UNKNOWN = "not known"

    @property
    def active(self) -> bool:
        """Whether a QEMU process holds the guest there."""
        return self in (Place.RUNNING, Place.PAUSED, Place.OTHER)


class Ending(Struct, frozen=True):
    """How it ended, as both hosts say afterwards. `error` is libvirt's own, `downtime` in seconds where known."""

    plan: MigrationPlan
    on_source: Place
    on_destination: Place
    error: str | None
    interrupted: bool
    elapsed: float
    downtime: float | None

    @property
    def arrived(self) -> bool:
        """Whether the guest is on the destination in the state it had, and no longer active on the source."""
        wanted = Place.PAUSED if self.plan.paused else Place.RUNNING
        return self.on_destination is wanted and not self.on_source.active and self.on_source is not Place.UNKNOWN


def migrate(plan: MigrationPlan, source: Connect, destination: Connect, watch: Watch) -> Ending:
    """Run the plan. `source` and `destination` open a libvirt connection each time they are called.

    Progress and abort go over a connection of their own, since a daemon answers one connection's calls in turn once
    it is busy. Ctrl-C aborts the job; the guest then stays on the source.
    """
    import libvirt

    with _event_loop():
        mover, watcher, receiver = source(), source(), destination()
        for connection in (mover, watcher, receiver):
            with contextlib.suppress(libvirt.libvirtError):  # a transport that needs none
                connection.setKeepAlive(KEEPALIVE_INTERVAL, KEEPALIVE_COUNT)
        job = _Job(plan, mover, receiver)
        began = time.monotonic()
        job.start()
        interrupted = _watch(plan, watcher, job, watch)
        elapsed = time.monotonic() - began
        ending = Ending(
            plan,
            _look(source, plan),
            _look(destination, plan),
            job.error,
            interrupted,
            elapsed,
            _downtime(receiver, plan),
        )
        for connection in (mover, watcher, receiver):
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()
    return ending


class _Job(threading.Thread):
    """The one call that lasts as long as the migration."""

    def __init__(self, plan: MigrationPlan, source: Any, destination: Any) -> None:
        super().__init__(daemon=True)
        self._plan, self._source, self._destination = plan, source, destination
        self.error: str | None = None

    def run(self) -> None:
        import libvirt

        flags = libvirt.VIR_MIGRATE_LIVE
        if self._plan.persistent:
            flags |= libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
        try:
            domain = self._source.lookupByUUIDString(self._plan.uuid)
            domain.migrate3(self._destination, {}, flags)
        except libvirt.libvirtError as error:
            self.error = str(error)


def _watch(plan: MigrationPlan, connection: Any, job: _Job, watch: Watch) -> bool:
    """Report progress until the job ends; whether the user interrupted it."""
    import libvirt

    interrupted = False
    domain = connection.lookupByUUIDString(plan.uuid)
    while job.is_alive():
        try:
            job.join(POLL)
            with contextlib.suppress(libvirt.libvirtError):  # the job has just begun or ended
                sample = sample_of(domain.jobStats())
                if sample is not None and job.is_alive():
                    watch(sample)
        except KeyboardInterrupt:
            interrupted = True
            with contextlib.suppress(libvirt.libvirtError):
                domain.abortJob()
    return interrupted


def _look(connect: Connect, plan: MigrationPlan) -> Place:
    """What a host says of the guest, over a fresh connection."""
    import libvirt

    try:
        connection = connect()
    except libvirt.libvirtError:
        return Place.UNKNOWN
    try:
        domain = connection.lookupByUUIDString(plan.uuid)
        state, _ = domain.state()
    except libvirt.libvirtError as error:
        return Place.ABSENT if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN else Place.UNKNOWN
    finally:
        connection.close()
    known = {
        libvirt.VIR_DOMAIN_RUNNING: Place.RUNNING,
        libvirt.VIR_DOMAIN_BLOCKED: Place.RUNNING,
        libvirt.VIR_DOMAIN_PAUSED: Place.PAUSED,
        libvirt.VIR_DOMAIN_SHUTOFF: Place.OFF,
    }
    return known.get(state, Place.OTHER)


def _downtime(destination: Any, plan: MigrationPlan) -> float | None:
    """Seconds for which the guest stood still, as the destination's completed job has it."""
    import libvirt

    try:
        stats = destination.lookupByUUIDString(plan.uuid).jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    except libvirt.libvirtError:
        return None
    milliseconds = stats.get("downtime")
    return None if milliseconds is None else milliseconds / 1000


_loop: threading.Thread | None = None


@contextlib.contextmanager
def _event_loop() -> Iterator[None]:
    """Run libvirt's event loop, which keepalive needs; it must be registered before a connection is opened."""
    global _loop  # noqa: PLW0603 - libvirt has one event loop a process
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)
    if _loop is None:
        libvirt.virEventRegisterDefaultImpl()

        def run() -> None:
            while True:
                libvirt.virEventRunDefaultImpl()

        _loop = threading.Thread(target=run, daemon=True)
        _loop.start()
    yield
