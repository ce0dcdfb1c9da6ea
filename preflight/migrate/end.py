"""One end of a run: libvirt connections that are reopened when they have died, and queries about its guests."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from preflight.migrate.hypervisor import Domain, Hypervisor
from preflight.migrate.observation import NOBODY_ANSWERED, Place, Sighting, look
from preflight.threads import Late, within

#: A connection counts as dead after `count` unanswered keepalives, `interval` seconds apart; libvirt's own defaults.
KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 5, 5
#: Seconds that opening a connection may take: it needs a login of its own if the master connection has just died.
PATIENCE = 40.0
#: Longest time, in seconds, for which a failure to open a connection is remembered.
REMEMBERED = 10.0

Connect = Callable[[], Hypervisor]
#: Called for each lifecycle event of a guest, with libvirt's numbers of the event (virDomainEventType) and its detail.
Hear = Callable[[int, int], None]
_NEVER = "no answer within {:g} s"


class HostSilent(Exception):
    """The host's libvirt cannot be reached. The text is the reason."""


class End:
    """A host's libvirt. One connection is shared for queries and control; each lane opens its own in addition."""

    def __init__(self, name: str, connect: Connect, calls: int = 1) -> None:
        """Name the host; `connect` opens another libvirt connection at each call, and raises `libvirt.libvirtError`.

        `calls` is how many calls may be outstanding on the shared connection: once a connection has
        max_client_requests of them, the daemon reads nothing more from it.
        """
        self.name = name
        #: To be held during a call on the shared connection.
        self.calling = threading.BoundedSemaphore(calls)
        self._connect = connect
        self._lock = threading.Lock()
        #: Connections are opened one at a time: each may need its own login, and sshd limits concurrent logins.
        self._opening = threading.Lock()
        self._shared: Hypervisor | None = None
        #: Why the shared connection could not be opened, when to try again at the earliest, and since when it fails.
        self._why = ""
        self._not_before = 0.0
        self._silent_since: float | None = None
        #: Listeners by guest UUID. Only one callback is registered with libvirt: if several are registered on one
        #: connection, removing the first silences the others (seen with libvirt 9.0).
        self._hearing: dict[str, Hear] = {}

    def listen(self, uuid: str, hear: Hear | None) -> None:
        """Pass a guest's events to `hear` from now on, on libvirt's own thread; None ends it."""
        if hear is None:
            self._hearing.pop(uuid, None)
        else:
            self._hearing[uuid] = hear

    def open(self) -> Hypervisor:
        """Open a connection for the caller alone, with keepalive; raises `HostSilent`."""
        import libvirt

        def connect() -> Hypervisor:
            connection = self._connect()
            with contextlib.suppress(libvirt.libvirtError):  # a transport without keepalive
                connection.setKeepAlive(KEEPALIVE_INTERVAL, KEEPALIVE_COUNT)
            return connection

        with self._opening:
            try:
                return within(PATIENCE, connect)  # libvirt's calls cannot be interrupted
            except libvirt.libvirtError as error:
                raise HostSilent(str(error)) from None
            except Late:
                raise HostSilent(_NEVER.format(PATIENCE)) from None

    def shared(self) -> Hypervisor:
        """Return the connection that all guests share, reopened if it has died; raises `HostSilent`."""
        import libvirt

        with self._lock:
            if self._shared is not None:
                with contextlib.suppress(libvirt.libvirtError):
                    if self._shared.isAlive():
                        return self._shared
                self._shared = None
            self._shared = self._reopen()
            with contextlib.suppress(libvirt.libvirtError):  # then downtimes are not known
                event = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
                self._shared.domainEventRegisterAny(None, event, self._heard, None)
            return self._shared

    def _reopen(self) -> Hypervisor:
        """Open the shared connection. A failure is remembered for as long as it took, so guests do not wait in turn."""
        began = time.monotonic()
        if began < self._not_before:
            raise HostSilent(self._why)
        try:
            opened = self.open()
        except HostSilent as why:
            ended = time.monotonic()
            self._why, self._not_before = str(why), ended + min(ended - began, REMEMBERED)
            self._silent_since = began if self._silent_since is None else self._silent_since
            raise
        self._silent_since = None
        return opened

    @property
    def silent_for(self) -> float:
        """Seconds since the shared connection could first not be opened; 0 while it can."""
        since = self._silent_since
        return 0.0 if since is None else time.monotonic() - since

    def _heard(self, _connection: Any, domain: Any, event: int, detail: int, _opaque: Any) -> None:
        hear = self._hearing.get(domain.UUIDString())
        if hear is not None:
            hear(event, detail)

    def look(self, uuid: str) -> Sighting:
        """Return what the host says of a guest; asks again over a new connection if the old one has died."""
        seen = NOBODY_ANSWERED
        for _ in range(2):
            try:
                with self.calling:
                    seen = look(self.shared(), uuid)
            except HostSilent as why:
                return Sighting(Place.UNKNOWN, why=str(why))
            if seen.place is not Place.UNKNOWN:
                return seen
        return seen

    def domain(self, uuid: str) -> Domain:
        """Return the guest on this host; raises `libvirt.libvirtError` or `HostSilent`."""
        return self.shared().lookupByUUIDString(uuid)

    def close(self) -> None:
        """Close the shared connection."""
        import libvirt

        with self._lock:
            connection, self._shared = self._shared, None
        if connection is not None:
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()


_loop: threading.Thread | None = None


def run_event_loop() -> None:
    """Run libvirt's event loop, which keepalive and events need; call this before opening a connection."""
    global _loop  # noqa: PLW0603 - libvirt has one event loop a process
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)
    if _loop is not None:
        return
    libvirt.virEventRegisterDefaultImpl()

    def run() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    _loop = threading.Thread(target=run, daemon=True)
    _loop.start()
