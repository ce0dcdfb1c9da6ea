"""Checks that libvirt connections reach the machine a plan was made for: its name may lead to another one by now."""

from typing import Any, Protocol

from preflight.answers import Record
from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.schema.plan import Identity
from preflight.shell_text import ShellText, shell


class Reachable(Protocol):
    """A host with an open login: the part of `collect.session.LiveVisit` that a run needs."""

    name: str

    def connect(self) -> Any:
        """Open another libvirt connection; raises `libvirt.libvirtError`."""

    def run(self, command: ShellText) -> Record:
        """Return the answer to a POSIX sh command."""


class SameHost:
    """A host whose libvirt connections are closed at once if they do not lead to the plan's machine.

    A libvirtd that finds no UUID in SMBIOS makes up another one at each start. If it was restarted during a run, the
    machine ID read over the login, which was compared with the plan when the run began, shows that the machine is
    the same.
    """

    def __init__(self, host: Reachable, identity: Identity) -> None:
        """Take the host, and the identity that the plan has for it."""
        self.name, self.run = host.name, host.run
        self._host, self._identity = host, identity

    def connect(self) -> Any:
        """Open another libvirt connection to the plan's host; raises `libvirt.libvirtError`, also for another host."""
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
