"""What libvirt itself says, through libvirt-python and over the transport that the migration will use.

Only calls that read. The connection is opened for reading and writing, because that is what a migration needs and
what a lack of rights would refuse; opening it may start a socket-activated daemon, as the migration would.
"""

import json
import queue
import threading
from collections.abc import Callable
from typing import Any

from preflight.connection import Answers
from preflight.record import Record

#: The records that this module brings.
RECORDS = (
    "libvirt.connect",
    "libvirt.hostname",
    "libvirt.versions",
    "libvirt.capabilities",
    "libvirt.domains",
    "libvirt.networks",
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

    libvirt's calls cannot be interrupted, so a daemon that never answers is left waiting in its thread when
    the time is up. `shown` is the URI as a user would type it, without our own ssh wrapper.
    """

    def __init__(self, uri: str, *, shown: str, timeout: float) -> None:
        self._uri, self._shown, self._timeout = uri, shown, timeout
        self._result: queue.SimpleQueue[Answers] = queue.SimpleQueue()
        self._connection: Any = None
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_until_open(self) -> None:
        """Wait until the daemon has taken the connection, or it is known that it does not."""
        self._settled.wait(self._timeout)

    def receive(self) -> Answers:
        """Wait for what libvirt says; a failure is a record too."""
        try:
            return self._result.get(timeout=self._timeout)
        except queue.Empty:
            return _failed(self._shown, f"no answer from {self._shown} within {self._timeout:g} s", hung=True)

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
        }
        for name, call in calls.items():
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
                "job": domain.jobInfo()[0] if active else 0,
                "xml": domain.XMLDesc(),
            }
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # it went away while we were asking
            guest["error"] = str(error)
        found.append(guest)
    found.sort(key=lambda guest: str(guest["name"]))
    return json.dumps({"domains": found})


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
