"""Opens the first libvirt connections to a host ahead, while the run's lock is taken and its journal is written."""

import contextlib
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from preflight.migrate.end import run_event_loop
from preflight.migrate.same_host import Reachable

if TYPE_CHECKING:
    import libvirt


class Ahead:
    """A host to which some connections are being opened already, one after the other as sshd prefers them."""

    def __init__(self, host: Reachable, count: int) -> None:
        """Begin to open `count` connections, in a thread."""
        self.name, self.run = host.name, host.run
        self._host = host
        #: What the attempts gave, and None behind the last one.
        self._opened: SimpleQueue[Any | libvirt.libvirtError | None] = SimpleQueue()
        self._lock, self._is_closed = threading.Lock(), False
        run_event_loop()  # before a connection is opened, for keepalive
        threading.Thread(target=self._open, args=(count,), daemon=True).start()

    def connect(self) -> Any:
        """Return the next of these connections, or another one if none is left; raises `libvirt.libvirtError`.

        Waits for an attempt that is being made, as long as it takes. A connection that has died since is replaced.
        """
        import libvirt

        opened = self._opened.get()
        if opened is None:
            self._opened.put(None)
            return self._host.connect()
        if isinstance(opened, libvirt.libvirtError):
            raise opened
        with contextlib.suppress(libvirt.libvirtError):
            if opened.isAlive():
                return opened
        return self._host.connect()

    def close(self) -> None:
        """Close the connections that nobody has taken, also one that is being opened now."""
        with self._lock:
            self._is_closed = True
        with contextlib.suppress(Empty):
            while True:
                _close(self._opened.get_nowait())

    def _open(self, count: int) -> None:
        import libvirt

        try:
            for _ in range(count):
                connection = self._host.connect()
                with self._lock:
                    if self._is_closed:
                        _close(connection)
                        return
                    self._opened.put(connection)
        except libvirt.libvirtError as why:
            self._opened.put(why)  # whoever needs a connection next reports it
        finally:
            self._opened.put(None)


def _close(opened: Any) -> None:
    """Close what an attempt gave, if that is a connection."""
    import libvirt

    if opened is not None and not isinstance(opened, libvirt.libvirtError):
        with contextlib.suppress(libvirt.libvirtError):
            opened.close()
