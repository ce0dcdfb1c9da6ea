"""One end of a run: libvirt connections to it that are opened anew when they have died, and looks at its guests."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from preflight.migrate.hypervisor import Domain, Hypervisor
from preflight.migrate.observation import NOBODY_ANSWERED, Place, Sighting, look
from preflight.threads import Late, within

#: A connection counts as dead after `count` unanswered keepalives, `interval` seconds apart: libvirt's own defaults.
KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 5, 5
#: Seconds that opening a connection may take: a login of its own behind a master connection that has just died.
PATIENCE = 40.0
#: Seconds for which a failure to open a connection holds at most.
REMEMBERED = 10.0

Connect = Callable[[], Hypervisor]
#: What is told of a guest's life: libvirt's numbers of the event (virDomainEventType) and its detail.
Hear = Callable[[int, int], None]
_NEVER = "no answer within {:g} s"


class HostSilent(Exception):
    """The host's libvirt cannot be reached. The text is the reason."""


class End:
    """A host's libvirt. One connection is kept for looking and steering; each lane has one of its own besides."""

    def __init__(self, name: str, connect: Connect, calls: int = 1) -> None:
        """`connect` opens a further libvirt connection each time it is called; raises `libvirt.libvirtError`.

        `calls` is how many calls the shared connection may have outstanding: the daemon reads nothing more of one that
        has max_client_requests of them.
        """
        self.name = name
        #: To be entered for calls on the shared connection.
        self.calling = threading.BoundedSemaphore(calls)
        self._connect = connect
        self._lock = threading.Lock()
        #: One connection is opened after the other: it may take a login of its own, and sshd takes so many at a time.
        self._opening = threading.Lock()
        self._shared: Hypervisor | None = None
        #: Why the shared connection could not be opened, until when that is not tried again, and since when.
        self._why = ""
        self._not_before = 0.0
        self._silent_since: float | None = None
        #: Who listens, by the guest's UUID. libvirt is listened to once: of several listeners on one connection the
        #: first that leaves makes the others deaf (seen with libvirt 9.0).
        self._hearing: dict[str, Hear] = {}

    def listen(self, uuid: str, hear: Hear | None) -> None:
        """Have a guest's events told, from now on and from libvirt's own thread; None ends it."""
        if hear is None:
            self._hearing.pop(uuid, None)
        else:
            self._hearing[uuid] = hear

    def open(self) -> Hypervisor:
        """A connection of one's own, with keepalive; raises `HostSilent`."""
        import libvirt

        def connect() -> Hypervisor:
            connection = self._connect()
            with contextlib.suppress(libvirt.libvirtError):  # a transport that needs none
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
        """The connection that all look and steer through, opened anew if it has died; raises `HostSilent`."""
        import libvirt

        with self._lock:
            if self._shared is not None:
                with contextlib.suppress(libvirt.libvirtError):
                    if self._shared.isAlive():
                        return self._shared
                self._shared = None
            self._shared = self._reopen()
            with contextlib.suppress(libvirt.libvirtError):  # then how long guests stand still is not known
                event = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
                self._shared.domainEventRegisterAny(None, event, self._heard, None)
            return self._shared

    def _reopen(self) -> Hypervisor:
        """Open the shared connection. A failure holds for as long as it took, so that guests do not wait in turn."""
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
        """Seconds since the shared connection could no longer be opened; 0 while it can."""
        since = self._silent_since
        return 0.0 if since is None else time.monotonic() - since

    def _heard(self, _connection: Any, domain: Any, event: int, detail: int, _opaque: Any) -> None:
        hear = self._hearing.get(domain.UUIDString())
        if hear is not None:
            hear(event, detail)

    def look(self, uuid: str) -> Sighting:
        """What it says of a guest; once more over a new connection where the old one has died meanwhile."""
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
        """The guest on this host; raises `libvirt.libvirtError` or `HostSilent`."""
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
    """Run libvirt's event loop, which keepalive and events need; to be called before a connection is opened."""
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
