"""Connections for calls that last as long as a migration; all other calls use the connection that guests share."""

import contextlib
from collections.abc import Callable

from preflight.migrate.hypervisor import Hypervisor
from preflight.migrate.run import Run


class Lane:
    """A lane's own connections to both ends, for calls that last as long as a migration."""

    def __init__(self, run: Run) -> None:
        """Take the run; connections are opened when they are first needed."""
        self._run = run
        self._opened: dict[str, Hypervisor] = {}

    def source(self) -> Hypervisor:
        """Return the connection to the source; raises `HostSilent`."""
        return self._get("source", self._run.source.open)

    def destination(self) -> Hypervisor:
        """Return the connection to the destination, which peer-to-peer migrations do not use; raises `HostSilent`."""
        return self._get("destination", self._run.destination.open)

    def close(self) -> None:
        """Close both connections."""
        import libvirt

        for connection in self._opened.values():
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()
        self._opened.clear()

    def _get(self, end: str, opens: Callable[[], Hypervisor]) -> Hypervisor:
        import libvirt

        known = self._opened.get(end)
        if known is not None:
            with contextlib.suppress(libvirt.libvirtError):
                if known.isAlive():
                    return known
        self._opened[end] = opens()
        return self._opened[end]
