"""Queries to libvirt itself, through libvirt-python and over the transport that the migration will use.

Only read calls are made. The connection is opened read-write, because a migration needs that and missing permissions
would prevent it. Opening it may start a socket-activated daemon, as the migration would.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from preflight.answers import Answers, Record
from preflight.connection import libvirt_cpus, libvirt_queries
from preflight.connection.calls import Call
from preflight.connection.libvirt_queries import Listed
from preflight.facts.version import Version
from preflight.request.migration import Role

#: The beginning of the reason for every missing answer of a libvirt that could not be queried, before its cause.
UNQUERIED = "libvirt could not be queried"
#: The records that this module collects.
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

#: The record of `LibvirtSession.build`: of the destination, with the guests of the source.
BUILT = "libvirt.built"
#: Since this release libvirt builds what is `buildable` without a trace. 7.0 binds the monitor's socket and those of
#: the guest's devices, and removes what is in their place (qemuOpenChrChardevUNIXSocket in src/qemu/qemu_command.c).
BUILDS_WITHOUT_TRACE = Version(9, 0, 0)
#: Seconds after which no further guest is built; one takes 5 ms, and on a busy host 24.
_BUILDING = 5.0


def transport_of(connect: Record) -> str:
    """Return the transport of a `libvirt.connect` record's URI: ssh, tls, tcp, unix or "an unknown transport"."""
    try:
        scheme = str(json.loads(connect.out)["uri"]).partition("://")[0]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "an unknown transport"
    return scheme.partition("+")[2] or "unix"


def load_bindings() -> None:
    """Import libvirt's bindings ahead of time, since this takes a while."""
    import libvirt  # noqa: F401 - only to have it loaded


def client_version() -> Version:
    """Return the version of libvirt's client library; raises `ImportError`, or what else loading it raises."""
    import libvirt

    return Version.of(libvirt.getVersion())


def opened(uri: str) -> Any:
    """Return a libvirt connection (`libvirt.virConnect`); raises `libvirt.libvirtError`."""
    import libvirt

    return libvirt.open(uri)


class LibvirtSession:
    """Connection to a host's libvirt, opened and queried in a thread of its own.

    The thread first calls `ready`, which may wait, and opens nothing if that returns False.

    libvirt's calls cannot be interrupted, so the thread of a daemon that never answers is abandoned after `deadline`
    (`time.monotonic`); `limit` is the time limit of the whole host in seconds, which the reason names. `shown` is the
    URI as a user would type it, without our own ssh wrapper; `role` is the host's role, or None if it may have either.
    """

    def __init__(
        self,
        uri: str,
        *,
        shown: str,
        deadline: float,
        limit: float,
        wanted: Collection[str] = RECORDS,
        role: Role | None = None,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._uri, self._shown, self._limit, self._wanted = uri, shown, limit, wanted
        #: Time (`time.monotonic`) after which libvirt is not waited for.
        self.deadline = deadline
        self._role, self._ready = role, ready
        self._abandoned, self._closing = threading.Event(), threading.Lock()
        self._result: queue.SimpleQueue[Answers] = queue.SimpleQueue()
        self._connection: Any = None
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_until_open(self, at_most: float | None = None) -> bool:
        """Wait until the daemon accepts or refuses the connection, or for so many seconds; report whether it did."""
        return self._settled.wait(self._left() if at_most is None else min(at_most, self._left()))

    def give_up(self, why: str) -> None:
        """Wait no longer: the daemon is known not to accept the connection, for the given reason."""
        self._result.put(_failed(self._shown, why, hung=True))

    def build(self, definitions: Mapping[str, str]) -> Answers:
        """Have the daemon build these guests, by name, from their definitions; see `libvirt_queries.built`.

        At most `_BUILDING` seconds are used, and half of the time that is left for other answers.
        """
        import libvirt

        result: queue.SimpleQueue[Record | str] = queue.SimpleQueue()
        seconds = min(_BUILDING, self._left() / 2)
        connection, until = self._connection, time.monotonic() + seconds

        def run() -> None:
            try:
                result.put(Record(libvirt_queries.built(connection, definitions, until)))
            except libvirt.libvirtError as error:
                result.put(str(error))

        threading.Thread(target=run, daemon=True).start()
        try:
            told = result.get(timeout=2 * seconds)
        except queue.Empty:
            told = f"no answer from {self._shown} within {2 * seconds:.1f} s"
        return Answers({BUILT: told}) if isinstance(told, Record) else Answers({}, {BUILT: told})

    def receive(self) -> Answers:
        """Wait for libvirt's answers; a failure is a record too."""
        try:
            return self._result.get(timeout=self._left())
        except queue.Empty:
            return _failed(self._shown, f"no answer from {self._shown} within {self._limit:g} s", hung=True)

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    @property
    def open(self) -> bool:
        """True if the daemon counts this connection among its clients."""
        return self._connection is not None

    def close(self) -> None:
        """Close the connection, if it was opened."""
        with self._closing:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def abandon(self) -> None:
        """Wait for nothing, and close the connection if it is opened after this."""
        self._abandoned.set()
        self.close()

    def _run(self) -> None:
        import libvirt

        if not self._ready():
            return
        libvirt.registerErrorHandler(lambda *_: None, None)
        try:
            connection = libvirt.open(self._uri)
        except libvirt.libvirtError as error:
            self._result.put(_failed(self._shown, str(error), code=error.get_error_code()))
            self._settled.set()
            return
        self._connection = connection
        self._settled.set()
        if self._abandoned.is_set():
            self.close()
            return
        calls = self._calls(connection)
        answers = Answers({"libvirt.connect": Record(json.dumps({"uri": self._shown, "error": None}))})
        for name, call in calls.items():
            try:
                answers.records[name] = Record(call.result())
            except libvirt.libvirtError as error:
                answers.absent[name] = str(error)
        self._result.put(answers)

    def _calls(self, connection: Any) -> dict[str, Call[str]]:
        """Begin the calls for the records that are wanted, all side by side."""
        queries: dict[str, Callable[[], str]] = {
            "libvirt.hostname": connection.getHostname,
            "libvirt.versions": lambda: libvirt_queries.versions(connection),
            "libvirt.capabilities": connection.getCapabilities,
            "libvirt.networks": lambda: libvirt_queries.networks(connection),
            "libvirt.pools": lambda: libvirt_queries.pools(connection),
            "libvirt.secrets": lambda: libvirt_queries.secrets(connection),
            "libvirt.memory": lambda: libvirt_queries.memory(connection),
            "libvirt.filters": lambda: libvirt_queries.filters(connection),
            "libvirt.domain-capabilities": connection.getDomainCapabilities,
        }
        # the slowest begin first
        with_cpus = "libvirt.cpus" in self._wanted and self._role is not Role.DESTINATION
        of_guests = "libvirt.domains" in self._wanted or with_cpus
        guests = Call(lambda: self._guests(connection) if of_guests else ())
        calls = {name: Call(query) for name, query in queries.items() if name in self._wanted}
        if "libvirt.domains" in self._wanted:
            calls["libvirt.domains"] = Call(lambda: libvirt_queries.domains(guests.result()))
        if "libvirt.cpus" in self._wanted:
            default = calls.get("libvirt.domain-capabilities")
            calls["libvirt.cpus"] = Call(lambda: libvirt_cpus.read(connection, default, guests, self._role))
        return calls

    def _guests(self, connection: Any) -> Sequence[Listed]:
        return libvirt_queries.listed(connection, sent=self._role is not Role.DESTINATION)


def _failed(uri: str, message: str, *, code: int | None = None, hung: bool = False) -> Answers:
    record = Record(json.dumps({"uri": uri, "error": message, "code": code, "hung": hung}))
    return Answers({"libvirt.connect": record}, dict.fromkeys(RECORDS[1:], f"{UNQUERIED}: {message}"))
