"""Connections for the calls that last as long as a migration: the others go over one that all guests share."""

import contextlib
from collections.abc import Callable

from preflight.migrate.hypervisor import Hypervisor
from preflight.migrate.run import Run


class Lane:
    """Connections of one's own to both ends, for the calls that last as long as a migration."""

    def __init__(self, run: Run) -> None:
        """Nothing is opened yet."""
        self._run = run
        self._opened: dict[str, Hypervisor] = {}

    def source(self) -> Hypervisor:
        """To the source; raises `HostSilent`."""
        return self._get("source", self._run.source.open)

    def destination(self) -> Hypervisor:
        """To the destination, which peer-to-peer migrations do without; raises `HostSilent`."""
        return self._get("destination", self._run.destination.open)

    def close(self) -> None:
        """Close both."""
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
