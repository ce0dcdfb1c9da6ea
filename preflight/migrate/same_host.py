"""Holds libvirt connections to the machine that a plan names: a name may lead to another one by now."""

from typing import Any, Protocol

from preflight.answers import Record
from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.schema.plan import Identity
from preflight.shell_text import ShellText, shell


class Reachable(Protocol):
    """A host that is logged in to: what a run needs of `collect.session.LiveVisit`."""

    name: str

    def connect(self) -> Any:
        """A further libvirt connection; raises `libvirt.libvirtError`."""

    def run(self, command: ShellText) -> Record:
        """The answer to a POSIX sh command."""


class SameHost:
    """The same host, each of whose libvirt connections is closed again unless it leads to this machine.

    A libvirtd that finds no UUID in SMBIOS makes up another at each start. Where one was restarted during a run, the
    machine ID on the login, which was held to the plan when the run began, says that it is still the same machine.
    """

    def __init__(self, host: Reachable, identity: Identity) -> None:
        """`identity` is the plan's."""
        self.name, self.run = host.name, host.run
        self._host, self._identity = host, identity

    def connect(self) -> Any:
        """A further libvirt connection to the plan's host; raises `libvirt.libvirtError`, also for another host."""
        import libvirt

        connection = self._host.connect()
        found = _uuid_of(connection)
        if found != self._identity.uuid and not self._is_logged_in_to():
            connection.close()
            raise libvirt.libvirtError(f"{self.name} is another host now: its libvirt's UUID is {found}")
        return connection

    def _is_logged_in_to(self) -> bool:
        known = self._identity.machine_id
        answer = self.run(shell("cat /etc/machine-id"))
        return known is not None and answer.code == 0 and answer.out.strip() == known


def _uuid_of(connection: Any) -> str:
    try:
        uuid = parse_xml(connection.getCapabilities()).findtext("./host/uuid", "").strip().lower()
    except Unreadable:
        return "unreadable"
    return uuid or "unknown"
