"""Where the data of a migration enters its destination: the same for every source, so that it is found once."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight import grammar
from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import Unreadable
from preflight.facts.network.listening import Listening
from preflight.facts.system.identity import AnnouncedName
from preflight.host import Host
from preflight.request.applicability import unless_disks_are_sent_elsewhere, without_data_connection
from preflight.request.check_request import Migration
from preflight.request.data_uri import DataUri

#: Number of free ports that must be left below the one that is tried: so many migrations would have to begin at once.
_LOWER_PORTS = 8


class Port(Struct, frozen=True):
    """A port that a source may try."""

    name: str
    number: int
    #: Why no source should try it; None if nothing at the destination speaks against that.
    untried: str | None


class Entrance(Struct, frozen=True):
    """The names and ports of a destination to which the data is sent."""

    #: The name or address that the memory is sent to; None if it is unknown, and the reason.
    name: str | None
    unnamed: str
    #: By record of the attempt: the port, or the reason why it is unknown.
    ports: Mapping[str, Port | str]

    @classmethod
    def of(cls, destination: Host, migration: Migration) -> Self:
        """Return the entrance for such a migration."""
        ways = (
            ("way.memory", migration.memory_to, without_data_connection(migration)),
            ("way.disks", migration.disks_to, unless_disks_are_sent_elsewhere(migration)),
        )
        ports = {record: _port(destination, migration, to, untried) for record, to, untried in ways}
        try:
            return cls(migration.memory_to.host or destination.fact(AnnouncedName).name.value, "", ports)
        except Unreadable as why:
            return cls(None, str(why), ports)


def _port(destination: Host, migration: Migration, to: DataUri, untried: str | None) -> Port | str:
    """Return the port that is tried; text is the reason why it is unknown."""
    try:
        name = to.host or migration.memory_to.host or destination.fact(AnnouncedName).name.value
        ports, listening = destination.fact(QemuConf).port_range, destination.fact(Listening)
    except Unreadable as why:
        return str(why)
    given = {port for _, port in migration.ports_given}
    # libvirt takes the lowest free port. A QEMU that waits for a migration would take this connection for its guest's
    # memory, so the highest one is tried, which no migration that begins in this moment uses
    *lower, port = [port for port in listening.free(ports) if port not in given] or [0]
    if migration.probe and to.port is not None and to.port in listening.free(range(to.port, to.port + 1)):
        port = to.port  # where only preflight's own listener can take the connection
    elif untried is None and len(lower) < _LOWER_PORTS:
        untried = (
            f"fewer than {_LOWER_PORTS + 1} ports of the range are free: a migration might use the port that is tried"
        )
    if untried is None and not (grammar.HOST_NAME.takes(name) or grammar.is_address(name)):
        untried = "the destination's name is not a host name"
    return Port(name, port, untried)
