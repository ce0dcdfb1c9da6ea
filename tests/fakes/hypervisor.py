"""Two hosts' libvirt in memory, after `preflight.migrate.hypervisor`: what a run calls, and what an owner may do.

A guest is a counter that it writes to its disk, which both hosts share. A copy that runs on with memory older than the
disk writes a lower number: `Disk.went_back` says so, and that is what no test may ever see.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import libvirt

from preflight.facts.text.xml import parse_xml
from preflight.migrate.outcome import LogMark
from preflight.schema.plan import PlannedGuest

#: Nanoseconds that a guest's CPUs take for one step of its counter.
STEP = 10_000_000


def refusal(code: int, text: str) -> libvirt.libvirtError:
    """libvirt's error of this number (virErrorNumber)."""
    made = libvirt.libvirtError(text)
    made.err = (code, libvirt.VIR_FROM_QEMU, text, libvirt.VIR_ERR_ERROR, "", None, None, -1, -1)
    return made


#: virDomainShutoffReason, as qemuProcessStop writes it.
_REASONS = ("unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon")


@dataclass
class Disk:
    """The storage to which all copies of one guest write."""

    counter: int = 0
    went_back: bool = False

    def write(self, counter: int) -> None:
        """Write the guest's counter."""
        self.went_back |= counter <= self.counter
        self.counter = counter


@dataclass
class Copy:
    """A guest on one host: its definition, and the process that holds it if it is active."""

    uuid: str
    disk: Disk
    state: int = libvirt.VIR_DOMAIN_RUNNING
    reason: int = libvirt.VIR_DOMAIN_RUNNING_BOOTED
    persistent: bool = True
    autostart: bool = False
    is_saved: bool = False
    has_tpm: bool = False
    counter: int = 0
    cpu_time: int = 0
    #: The job that runs on it, as jobStats says; where it arrives there is one that says nothing.
    job: dict[str, int] | None = None
    is_arriving: bool = False
    #: Its disks by target, with their sizes in bytes, and those of them that are being copied.
    disks: dict[str, int] = field(default_factory=dict)
    #: Devices that count, by kind and target, each with the growth of its counter from one look to the next.
    counting: dict[tuple[str, str], int] = field(default_factory=dict)
    counted: dict[tuple[str, str], int] = field(default_factory=dict)
    mirrors: set[str] = field(default_factory=set)

    @property
    def is_active(self) -> bool:
        """Report whether there is a process."""
        return bool(self.state != libvirt.VIR_DOMAIN_SHUTOFF)

    def to(self, state: int, reason: int) -> None:
        """Change its state."""
        self.state, self.reason = state, reason

    def work(self) -> None:
        """Run for a moment, if it runs."""
        if self.state == libvirt.VIR_DOMAIN_RUNNING:
            self.counter += 1
            self.cpu_time += STEP
            self.disk.write(self.counter)


@dataclass
class Migrations:
    """The course of the migrations away from a host."""

    #: What is called when a step of libvirt's begins: begin, prepare, perform, finish, confirm, end.
    at: dict[str, Callable[[], None]] = field(default_factory=dict)
    #: libvirt's error of a step; whose answer is lost; until when the memory is sent.
    fails: str | None = None
    loses: str | None = None
    sends: threading.Event | None = None
    aborted: threading.Event = field(default_factory=threading.Event)


class Host:
    """One host. Its methods are what the guest's owner does there, and what befalls it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.domains: dict[str, Copy] = {}
        self.is_silent = False
        self.migrations = Migrations()
        #: Errors of calls by libvirt's name for them, and what is done just before a call.
        self.fails: dict[str, libvirt.libvirtError] = {}
        self.before: dict[str, Callable[[], None]] = {}
        #: What was called that changes anything.
        self.called: list[str] = []
        self.knows_keep_tpm = True
        #: What libvirt has written to the logs of its guests, by UUID, without the times.
        self.logs: dict[str, list[str]] = {}
        self._generation = 0

    def log(self, uuid: str, text: str) -> None:
        """Write one of libvirt's lines to a guest's log."""
        self.logs.setdefault(uuid, []).append(text)

    def connect(self) -> "Connection":
        """Return the connection that a run opens; raises `libvirt.libvirtError` while the host is silent."""
        self.answer("open")
        return Connection(self, self._generation)

    def answer(self, call: str, *, generation: int | None = None) -> None:
        """Let a call pass, or raise what it fails with."""
        if generation is not None and generation != self._generation:
            raise refusal(libvirt.VIR_ERR_RPC, "the connection is closed")
        if self.is_silent:
            raise refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "no route to host")
        if call in self.before:
            self.before.pop(call)()
        if call in self.fails:
            raise self.fails[call]

    def is_alive(self, generation: int) -> bool:
        """Report whether a connection opened at that time is still alive."""
        return generation == self._generation and not self.is_silent

    def restart(self) -> None:
        """Restart the daemon: connections die, and why guests are off is forgotten."""
        self._generation += 1
        for copy in self.domains.values():
            copy.job, copy.is_arriving = None, False
            if not copy.is_active:
                copy.reason = 0

    def lose_power(self) -> None:
        """Lose the power and come back: no process is left, and no log says how they ended."""
        for uuid, copy in list(self.domains.items()):
            if copy.is_active:
                self._off(uuid, 0, logged=False)
        self.restart()

    def forget_why_paused(self, uuid: str) -> None:
        """Forget why the guest is paused, as a daemon does whose status file was lost."""
        self.domains[uuid].reason = 0

    def add(self, uuid: str, disk: Disk, **told: Any) -> Copy:
        """Give the host a guest, which has run for a while if it is active."""
        copy = self.domains[uuid] = Copy(uuid, disk, **told)
        copy.counter = disk.counter
        copy.work()
        return copy

    def start(self, uuid: str) -> None:
        """Boot it, from what its disk has."""
        copy = self.domains[uuid]
        self.log(uuid, "starting up")
        copy.counter, copy.cpu_time = copy.disk.counter, 0
        copy.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
        copy.work()

    def resume(self, uuid: str) -> None:
        """Resume it."""
        copy = self.domains[uuid]
        copy.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED)
        copy.work()

    def suspend(self, uuid: str) -> None:
        """Pause it."""
        self.domains[uuid].to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)

    def io_error(self, uuid: str) -> None:
        """Have QEMU pause it, for a disk that cannot be written."""
        self.domains[uuid].to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR)

    def shut_down(self, uuid: str) -> None:
        """Shut it down from within."""
        self._off(uuid, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN)

    def power_off(self, uuid: str) -> None:
        """End its process."""
        self._off(uuid, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED)

    def move_to(self, other: "Host", uuid: str, *, undefine: bool = True) -> None:
        """Migrate a guest that runs to another host, by other means than preflight."""
        copy = self.domains[uuid]
        self.log(uuid, "initiating migration")
        there = other.add(uuid, copy.disk, persistent=copy.persistent)
        there.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED)
        self.gone(uuid, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=undefine)

    def gone(self, uuid: str, reason: int, *, undefine: bool = False) -> None:
        """Without a process, and without a definition too if it had none or that goes."""
        copy = self.domains[uuid]
        copy.persistent = copy.persistent and not undefine
        self._off(uuid, reason)

    def _off(self, uuid: str, reason: int, *, logged: bool = True) -> None:
        copy = self.domains[uuid]
        if copy.is_active and logged:
            self.log(uuid, f"shutting down, reason={_REASONS[reason]}")
        copy.to(libvirt.VIR_DOMAIN_SHUTOFF, reason)
        copy.job, copy.is_arriving = None, False
        if not copy.persistent:
            del self.domains[uuid]


class Logs:
    """`preflight.migrate.source_log.Logs` of a host's guests."""

    def __init__(self, host: Host, uuids: Mapping[str, str]) -> None:
        """`uuids` has the guests' UUIDs by their names."""
        self._host, self._uuids = host, uuids

    def marks(self, names: Sequence[str]) -> Mapping[str, LogMark]:
        """Return how many lines each log has."""
        if self._host.is_silent:
            return {}
        return {name: LogMark(1, len(self._host.logs.get(self._uuids.get(name, name), []))) for name in names}

    def since(self, name: str, mark: LogMark) -> Sequence[str] | None:
        """Return the lines behind the mark."""
        return None if self._host.is_silent else self._host.logs.get(self._uuids.get(name, name), [])[mark.size :]


class NoLogs:
    """The logs of a host whose login may not read them."""

    def marks(self, _names: Sequence[str]) -> Mapping[str, LogMark]:
        """Return none."""
        return {}

    def since(self, _name: str, _mark: LogMark) -> Sequence[str] | None:
        """Return that it cannot be told."""
        return None


class NoStarter:
    """`preflight.migrate.starter.Starter` of a host in which nothing would have to be started."""

    def place(self) -> str | None:
        """Leave none."""
        return None

    def order(self, _guest: PlannedGuest, _mark: LogMark) -> str | None:
        """Order nothing."""
        return None


class Connection:
    """libvirt-python's virConnect, as far as a run needs it."""

    def __init__(self, host: Host, generation: int) -> None:
        self.host = host
        self.generation = generation

    def lookupByUUIDString(self, uuidstr: str) -> "Domain":  # noqa: N802 # libvirt calls it so
        self.host.answer("lookupByUUIDString", generation=self.generation)
        if uuidstr not in self.host.domains:
            raise refusal(libvirt.VIR_ERR_NO_DOMAIN, "Domain not found")
        return Domain(self, uuidstr)

    def defineXML(self, xml: str) -> "Domain":  # noqa: N802 # libvirt calls it so
        self.host.answer("defineXML", generation=self.generation)
        self.host.called.append("define")
        uuid = parse_xml(xml).findtext("uuid") or ""
        known = self.host.domains.get(uuid)
        if known is None:
            off = {"state": libvirt.VIR_DOMAIN_SHUTOFF, "reason": 0}
            self.host.domains[uuid] = Copy(uuid, Disk(), **off)
        else:
            known.persistent = True
        return Domain(self, uuid)

    def isAlive(self) -> int:  # noqa: N802 # libvirt calls it so
        return int(self.host.is_alive(self.generation))

    def setKeepAlive(self, interval: int, count: int) -> int:  # noqa: N802 # libvirt calls it so
        return 0

    def domainEventRegisterAny(self, dom: Any, eventID: int, cb: Any, opaque: Any) -> int:  # noqa: N802, N803 # libvirt's
        return 0

    def close(self) -> int:
        return 0


class Domain:
    """libvirt-python's virDomain, as far as a run needs it."""

    def __init__(self, connection: Connection, uuid: str) -> None:
        self._connection, self._host, self._uuid = connection, connection.host, uuid

    def _copy(self, call: str) -> Copy:
        self._host.answer(call, generation=self._connection.generation)
        copy = self._host.domains.get(self._uuid)
        if copy is None:
            raise refusal(libvirt.VIR_ERR_NO_DOMAIN, "Domain not found")
        return copy

    def _change(self, call: str) -> Copy:
        copy = self._copy(call)
        self._host.called.append(call)
        return copy

    def UUIDString(self) -> str:  # noqa: N802 # libvirt calls it so
        return self._uuid

    def state(self) -> list[int]:
        copy = self._copy("state")
        return [copy.state, copy.reason]

    def isActive(self) -> int:  # noqa: N802 # libvirt calls it so
        return int(self._copy("isActive").is_active)

    def isPersistent(self) -> int:  # noqa: N802 # libvirt calls it so
        return int(self._copy("isPersistent").persistent)

    def vcpus(self) -> tuple[list[tuple[int, int, int, int]], list[tuple[bool, ...]]]:
        return [(0, 1, self._copy("vcpus").cpu_time, 0)], [(True,)]

    def XMLDesc(self, flags: int = 0) -> str:  # noqa: N802 # libvirt calls it so
        copy = self._copy("XMLDesc")
        devices = "<tpm/>" if copy.has_tpm else ""
        devices += "".join(f"<{kind}><target dev='{name}'/></{kind}>" for kind, name in copy.counting)
        inside = f"<devices>{devices}</devices>" if devices else ""
        return f"<domain type='kvm'><name>web</name><uuid>{self._uuid}</uuid>{inside}</domain>"

    def interfaceStats(self, interface: str) -> list[int]:  # noqa: N802 # libvirt calls it so
        return [0, self._counted("interface", interface), 0, 0, 0, 0, 0, 0]

    def blockStats(self, disk: str) -> list[int]:  # noqa: N802 # libvirt calls it so
        return [0, 0, self._counted("disk", disk), 0, 0]

    def _counted(self, kind: str, name: str) -> int:
        copy = self._copy(f"{kind}Stats")
        copy.counted[kind, name] = copy.counted.get((kind, name), 0) + copy.counting[kind, name]
        return copy.counted[kind, name]

    def jobInfo(self) -> list[int]:  # noqa: N802 # libvirt calls it so
        copy = self._copy("jobInfo")
        if copy.is_arriving:
            raise refusal(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "statistics are available only on the source host")
        return [libvirt.VIR_DOMAIN_JOB_NONE if copy.job is None else copy.job["type"]]

    def jobStats(self, flags: int = 0) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        job = self._copy("jobStats").job
        return {"type": libvirt.VIR_DOMAIN_JOB_NONE} if job is None else dict(job)

    def blockInfo(self, disk: str, flags: int = 0) -> list[int]:  # noqa: N802 # libvirt calls it so
        size = self._copy("blockInfo").disks[disk]
        return [size, size, size]

    def blockJobInfo(self, disk: str, flags: int = 0) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        mirrors = self._copy("blockJobInfo").mirrors
        return {"type": libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COPY} if disk in mirrors else {}

    def abortJob(self) -> int:  # noqa: N802 # libvirt calls it so
        self._change("abortJob")
        self._host.migrations.aborted.set()
        return 0

    def resume(self) -> int:
        copy = self._change("resume")
        if not copy.is_active:
            raise refusal(libvirt.VIR_ERR_OPERATION_INVALID, "domain is not running")
        self._host.resume(self._uuid)
        return 0

    def suspend(self) -> int:
        copy = self._change("suspend")
        by_migration = copy.job is not None  # qemuDomainSuspend
        reason = libvirt.VIR_DOMAIN_PAUSED_MIGRATION if by_migration else libvirt.VIR_DOMAIN_PAUSED_USER
        copy.to(libvirt.VIR_DOMAIN_PAUSED, reason)
        return 0

    def destroy(self) -> int:
        self._change("destroy")
        self._host.power_off(self._uuid)
        return 0

    def undefineFlags(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        copy = self._change(f"undefine {flags}")
        self._host.answer("undefineFlags")
        if flags & libvirt.VIR_DOMAIN_UNDEFINE_KEEP_TPM and not self._host.knows_keep_tpm:
            raise refusal(libvirt.VIR_ERR_INVALID_ARG, "unsupported flags (0x40)")
        copy.persistent = False
        if not copy.is_active:
            del self._host.domains[self._uuid]
        return 0

    def autostart(self) -> int:
        return int(self._copy("autostart").autostart)

    def setAutostart(self, autostart: int) -> int:  # noqa: N802 # libvirt calls it so
        self._change(f"autostart {autostart}")
        self._host.answer("setAutostart")
        self._host.domains[self._uuid].autostart = bool(autostart)
        return 0

    def hasManagedSaveImage(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        return int(self._copy("hasManagedSaveImage").is_saved)

    def migrateSetMaxDowntime(self, downtime: int, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        self._change("migrateSetMaxDowntime")
        return 0

    def migrateSetMaxSpeed(self, bandwidth: int, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        self._change(f"migrateSetMaxSpeed {bandwidth} {flags}")
        return 0

    def migrateStartPostCopy(self, flags: int = 0) -> int:  # noqa: N802 # libvirt calls it so
        self._change("migrateStartPostCopy")
        return 0

    def migrate3(self, dconn: Any, params: Any, flags: int) -> "Domain":
        self._migrate(dconn.host, flags)
        return Domain(dconn, self._uuid)

    def migrateToURI3(self, dconnuri: str, params: Any, flags: int) -> int:  # noqa: N802 # libvirt calls it so
        self._migrate(HOSTS[dconnuri], flags)
        return 0

    def _migrate(self, there: Host, flags: int) -> None:
        """libvirt's protocol, version 3 (virDomainMigrateVersion3Full)."""
        here, how = self._change("migrate"), self._host.migrations
        how.aborted.clear()
        was_running = here.state == libvirt.VIR_DOMAIN_RUNNING
        self._step("begin")
        if here.job is not None:
            raise refusal(libvirt.VIR_ERR_OPERATION_TIMEOUT, "cannot acquire state change lock")
        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        here.job = {"type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED, "operation": outgoing, "time_elapsed": 0}
        try:
            known = there.domains.get(self._uuid)
            self._step("prepare")
            arriving = Copy(self._uuid, here.disk, persistent=known is not None, is_arriving=True)
            arriving.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
            there.domains[self._uuid] = arriving
            there.log(self._uuid, "starting up")
            self._step("perform")
            self._host.log(self._uuid, "initiating migration")
            while how.sends is not None and not how.sends.is_set() and not how.aborted.is_set():
                here.work()
                time.sleep(0.01)
            if how.aborted.is_set():
                raise refusal(
                    libvirt.VIR_ERR_OPERATION_ABORTED, "operation aborted: migration out job: canceled by client"
                )
        except libvirt.libvirtError:
            self._give_up(there, was_running=was_running)
            raise
        here.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
        arriving.counter = here.counter
        try:
            self._step("finish")
            self._finish(arriving, flags, was_running=was_running)
            if how.loses == "finish":
                raise refusal(libvirt.VIR_ERR_RPC, "client socket is closed")
        except libvirt.libvirtError:
            if how.fails == "finish":
                there.gone(self._uuid, libvirt.VIR_DOMAIN_SHUTOFF_FAILED)
            here.job = None
            if how.loses != "confirm" and was_running:
                here.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED)
            raise
        self._step("confirm")
        here.job = None
        if how.loses != "confirm":
            undefine = bool(flags & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)
            self._host.gone(self._uuid, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=undefine)
        self._step("end")

    def _step(self, name: str) -> None:
        how = self._host.migrations
        how.at.get(name, lambda: None)()
        if how.fails == name:
            raise refusal(libvirt.VIR_ERR_OPERATION_FAILED, f"{name} failed")

    def _finish(self, arriving: Copy, flags: int, *, was_running: bool) -> None:
        arriving.is_arriving = False
        arriving.persistent = arriving.persistent or bool(flags & libvirt.VIR_MIGRATE_PERSIST_DEST)
        if flags & libvirt.VIR_MIGRATE_PAUSED or not was_running:
            arriving.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
        else:
            arriving.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED)
            arriving.work()

    def _give_up(self, there: Host, *, was_running: bool) -> None:
        here = self._host.domains[self._uuid]
        here.job = None
        if was_running:
            here.to(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATION_CANCELED)
        if self._uuid in there.domains:
            there.gone(self._uuid, libvirt.VIR_DOMAIN_SHUTOFF_FAILED)


#: Whom the URIs of peer-to-peer migrations lead to.
HOSTS: dict[str, Host] = {}
