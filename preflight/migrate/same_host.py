"""Holds libvirt connections to the machine that a plan names: a name may lead to another one by now."""

from typing import Any, Protocol

from preflight.facts.record import Unreadable
from preflight.facts.xml import parse_xml
from preflight.record import Record
from preflight.shell_text import ShellText


class Reachable(Protocol):
    """A host that is logged in to: what a run needs of `visit.LiveVisit`."""

    name: str

    def connect(self) -> Any:
        """A further libvirt connection; raises `libvirt.libvirtError`."""

    def run(self, command: ShellText) -> Record:
        """The answer to a POSIX sh command."""


class SameHost:
    """The same host, each of whose libvirt connections is closed again unless its libvirt has this UUID."""

    def __init__(self, host: Reachable, uuid: str) -> None:
        """`uuid` is the one of the plan's `Identity`."""
        self.name, self.run = host.name, host.run
        self._host, self._uuid = host, uuid

    def connect(self) -> Any:
        """A further libvirt connection to the plan's host; raises `libvirt.libvirtError`, also for another host."""
        import libvirt

        connection = self._host.connect()
        found = _uuid_of(connection)
        if found != self._uuid:
            connection.close()
            raise libvirt.libvirtError(f"{self.name} is another host now: its libvirt's UUID is {found}")
        return connection


def _uuid_of(connection: Any) -> str:
    try:
        uuid = parse_xml(connection.getCapabilities()).findtext("./host/uuid", "").strip().lower()
    except Unreadable:
        return "unreadable"
    return uuid or "unknown"
