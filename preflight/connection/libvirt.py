"""What libvirt itself says, through libvirt-python and over the transport that the migration will use.

Only calls that read. The connection is opened for reading and writing, because that is what a migration needs and
what a lack of rights would refuse; opening it may start a socket-activated daemon, as the migration would.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from preflight.answers import Record, Unreadable
from preflight.connection import Answers, libvirt_cpus
from preflight.facts.text.xml import parse_xml
from preflight.request.migration import Role

#: The records that this module brings.
RECORDS = (
    "libvirt.connect",
    "libvirt.hostname",
    "libvirt.versions",
    "libvirt.capabilities",
    "libvirt.domains",
    "libvirt.networks",
    "libvirt.pools",
    "libvirt.secrets",
    "libvirt.memory",
    "libvirt.filters",
    "libvirt.domain-capabilities",
    "libvirt.cpus",
)


def transport_of(connect: Record) -> str:
    """The transport of the URI that a `libvirt.connect` record tells of: ssh, tls, tcp or unix, or "nothing known"."""
    try:
        scheme = str(json.loads(connect.out)["uri"]).partition("://")[0]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "nothing known"
    return scheme.partition("+")[2] or "unix"


def load_bindings() -> None:
    """Import libvirt's bindings, which takes a while, where there is time for it."""
    import libvirt  # noqa: F401 - for its being imported


class LibvirtSession:
    """One connection to a host's libvirt, opened and asked in a thread of its own.

    libvirt's calls cannot be interrupted, so a daemon that never answers is left waiting in its thread when the time
    is up: at `deadline`, by `time.monotonic`, of the `timeout` in seconds that its host has in all. `shown` is the URI
    as a user would type it, without our own ssh wrapper; `role` is the part that the host has, None where it may have
    either.
    """

    def __init__(
        self,
        uri: str,
        *,
        shown: str,
        timeout: float,
        deadline: float,
        wanted: Collection[str] = RECORDS,
        role: Role | None = None,
    ) -> None:
        self._uri, self._shown, self._timeout, self._wanted = uri, shown, timeout, wanted
        self._deadline = deadline
        self._role = role
        self._result: queue.SimpleQueue[Answers] = queue.SimpleQueue()
        self._connection: Any = None
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        """Wait until the daemon has taken the connection, or it is known that it does not."""
        self._settled.wait(self._left())

    def receive(self) -> Answers:
        """Wait for what libvirt says; a failure is a record too."""
        try:
            return self._result.get(timeout=self._left())
        except queue.Empty:
            return _failed(self._shown, f"no answer from {self._shown} within {self._timeout:g} s", hung=True)

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    @property
    def open(self) -> bool:
        """Whether the daemon counts this connection among its clients."""
        return self._connection is not None

    def close(self) -> None:
        """Close the connection, if it was opened."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _run(self) -> None:
        import libvirt

        libvirt.registerErrorHandler(lambda *_: None, None)
        try:
            connection = libvirt.open(self._uri)
        except libvirt.libvirtError as error:
            self._result.put(_failed(self._shown, str(error), code=error.get_error_code()))
            self._settled.set()
            return
        self._connection = connection
        self._settled.set()
        answers = Answers({"libvirt.connect": Record(json.dumps({"uri": self._shown, "error": None}))})
        calls: dict[str, Callable[[], str]] = {
            "libvirt.hostname": connection.getHostname,
            "libvirt.versions": lambda: json.dumps(
                {
                    "libvirt": connection.getLibVersion(),
                    "hypervisor": connection.getVersion(),
                    "type": connection.getType(),
                }
            ),
            "libvirt.capabilities": connection.getCapabilities,
            "libvirt.domains": lambda: _domains(connection),
            "libvirt.networks": lambda: _networks(connection),
            "libvirt.pools": lambda: _pools(connection),
            "libvirt.secrets": lambda: _secrets(connection),
            "libvirt.memory": lambda: _memory(connection),
            "libvirt.filters": lambda: _filters(connection),
            "libvirt.domain-capabilities": connection.getDomainCapabilities,
            "libvirt.cpus": lambda: libvirt_cpus.read(
                connection, answers.records.get("libvirt.domain-capabilities"), self._role
            ),
        }
        for name, call in calls.items():
            if name not in self._wanted:
                continue
            try:
                answers.records[name] = Record(call())
            except libvirt.libvirtError as error:
                answers.absent[name] = str(error)
        self._result.put(answers)


def _failed(uri: str, message: str, *, code: int | None = None, hung: bool = False) -> Answers:
    record = Record(json.dumps({"uri": uri, "error": message, "code": code, "hung": hung}))
    return Answers({"libvirt.connect": record}, dict.fromkeys(RECORDS[1:], f"libvirt could not be asked: {message}"))


def _domains(connection: Any) -> str:
    import libvirt

    found = []
    for domain in connection.listAllDomains():
        guest: dict[str, object] = {"name": domain.name(), "uuid": domain.UUIDString(), "error": None}
        try:
            state, reason = domain.state()
            active = bool(domain.isActive())
            guest |= {
                "id": domain.ID() if active else None,
                "state": state,
                "reason": reason,
                "persistent": bool(domain.isPersistent()),
                "autostart": bool(domain.autostart()),
                "snapshots": domain.snapshotNum(),
                "saved": not active and bool(domain.hasManagedSaveImage()),
                "job": domain.jobInfo()[0] if active else 0,
                "xml": domain.XMLDesc(),
            }
            if active:
                guest |= _jobs(domain, guest)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # it went away while we were asking
            guest["error"] = str(error)
        found.append(guest)
    found.sort(key=lambda guest: str(guest["name"]))
    return json.dumps({"domains": found})


def _jobs(domain: Any, guest: dict[str, object]) -> dict[str, object]:
    """What runs on an active guest: the kind of its job, and the disks that have a block job.

    Block jobs that copy a disk show in the XML. Those that pull or commit are asked for, and only of disks with a
    backing chain: a guest that is in the middle of something lets nobody ask, for half a minute.
    """
    import libvirt

    try:
        if guest["job"] in (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED):
            return {"operation": domain.jobStats().get("operation")}
        disks = parse_xml(str(guest["xml"])).iterfind("devices/disk")
        layered = [disk.find("target") for disk in disks if disk.find("backingStore/source") is not None]
        targets = [target.get("dev", "") for target in layered if target is not None]
        return {"block_jobs": [target for target in targets if domain.blockJobInfo(target)]}
    except (libvirt.libvirtError, Unreadable) as why:
        return {"jobs_error": str(why)}


def _memory(connection: Any) -> str:
    """KiB that each active guest's QEMU holds, which is about what the guest has touched of its memory."""
    import libvirt

    stats = connection.getAllDomainStats(
        libvirt.VIR_DOMAIN_STATS_BALLOON, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    )
    return json.dumps({"rss": {domain.name(): told.get("balloon.rss") for domain, told in stats}})


def _filters(connection: Any) -> str:
    import libvirt

    try:
        return json.dumps({"names": sorted(one.name() for one in connection.listAllNWFilters()), "error": None})
    except libvirt.libvirtError as error:  # no such driver: a guest that names no filter can be judged all the same
        return json.dumps({"names": [], "error": str(error)})


def _networks(connection: Any) -> str:
    import libvirt

    found, reason = [], None
    try:
        for network in connection.listAllNetworks():
            try:
                found.append(
                    {
                        "name": network.name(),
                        "active": bool(network.isActive()),
                        "xml": network.XMLDesc(),
                        "error": None,
                    }
                )
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:  # it went away while we were asking
                    found.append({"name": network.name(), "active": False, "xml": "", "error": str(error)})
    except libvirt.libvirtError as error:
        reason = str(error)  # no network driver: what needs no network can be judged all the same
    found.sort(key=lambda network: str(network["name"]))
    return json.dumps({"networks": found, "error": reason})


def _pools(connection: Any) -> str:
    import libvirt

    found, reason = [], None
    try:
        for pool in connection.listAllStoragePools():
            told: dict[str, object] = {"name": pool.name(), "active": False, "xml": "", "volumes": [], "error": None}
            try:
                told |= {"active": bool(pool.isActive()), "xml": pool.XMLDesc()}
                if told["active"]:
                    # what libvirt holds to be there decides, not what lies in the directory: no refresh
                    told["volumes"] = sorted(volume.name() for volume in pool.listAllVolumes())
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
                    continue  # it went away while we were asking
                told["error"] = str(error)
            found.append(told)
    except libvirt.libvirtError as error:
        reason = str(error)  # no storage driver: a guest that is on no volume can be judged all the same
    found.sort(key=lambda pool: str(pool["name"]))
    return json.dumps({"pools": found, "error": reason})


def _secrets(connection: Any) -> str:
    import libvirt

    found: list[dict[str, object]] = []
    reason = None
    try:
        found += (
            {  # the value is never asked for
                "uuid": secret.UUIDString(),
                "usage_type": secret.usageType(),
                "usage": secret.usageID() or "",
                "ephemeral": parse_xml(secret.XMLDesc()).get("ephemeral") == "yes",
            }
            for secret in connection.listAllSecrets()
        )
    except (libvirt.libvirtError, Unreadable) as error:
        reason = str(error)
    found.sort(key=lambda secret: str(secret["uuid"]))
    return json.dumps({"secrets": found, "error": reason})
