"""Fixed TCP ports in a guest's XML: those on which its QEMU listens, and those that it connects to at start."""

from collections.abc import Iterator
from typing import Self
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.guest.command_line import own_ports
from preflight.facts.guest.graphics import listens
from preflight.facts.text.xml import parse_xml

#: All addresses of IPv4.
ANY_IPV4 = "0.0.0.0"  # noqa: S104 - compared, not listened on
_CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "rng/backend", "smartcard", "redirdev")


class Port(Struct, frozen=True, kw_only=True):
    """Endpoint of a connection, on the host."""

    #: As "VNC" or "serial".
    device: str
    #: An address or a name, as in the XML; empty for all addresses of a family that has the port free.
    address: str
    port: int


class GuestPorts(Struct, frozen=True, kw_only=True):
    """The ports of one guest."""

    #: Ports on which its QEMU listens. UDP is not included: two sockets may share a port there.
    listens: tuple[Port, ...]
    #: Servers that must answer for QEMU to start.
    connects: tuple[Port, ...]

    @classmethod
    def of(cls, xml: str) -> Self:
        """Parse a guest's XML; raises `Unreadable`."""
        root = parse_xml(xml)
        ports = tuple(_character_devices(root))
        bound = (port for mode, port in ports if mode == "bind")
        listens = (*_graphics(root), *_interfaces(root), *bound, *_own(root))
        return cls(
            listens=tuple(dict.fromkeys(listens)),
            connects=tuple(dict.fromkeys(port for mode, port in ports if mode == "connect")),
        )


def _graphics(root: Element) -> Iterator[Port]:
    for graphics in root.iterfind("devices/graphics"):
        if graphics.get("autoport") == "yes":
            continue  # libvirt allocates free ports again
        listen = next(iter(listens(graphics)), None)
        address = "" if listen is None else listen.get("address", "")
        # for a network's address (type "network") the destination's own network is used
        if listen is None or listen.get("type") != "address" or not address:
            continue
        for name in ("port", "tlsPort", "websocket"):
            if port := _port(graphics.get(name)):
                yield Port(device=graphics.get("type", "").upper(), address=address, port=port)


def _character_devices(root: Element) -> Iterator[tuple[str, Port]]:
    for path in _CHARACTER_DEVICES:
        for device in root.iterfind(f"devices/{path}"):
            target = device.find("target")
            if path == "console" and target is not None and target.get("type") == "serial":
                continue  # libvirt lists the first serial port as the first console too
            source = device.find("source")
            if device.get("type") != "tcp" or source is None:
                continue
            again = source.find("reconnect")
            mode, port = source.get("mode", "connect"), _port(source.get("service"))
            if port and not (mode == "connect" and again is not None and again.get("enabled") == "yes"):
                yield mode, Port(device=path.partition("/")[0], address=source.get("host", ""), port=port)


def _interfaces(root: Element) -> Iterator[Port]:
    """Yield the ports on which interfaces wait for those of other guests; of those that connect, QEMU tries again."""
    for source in root.iterfind("devices/interface[@type='server']/source"):
        if port := _port(source.get("port")):
            # QEMU has no other than IPv4 here (parse_host_port, net/util.c)
            yield Port(device="interface server", address=source.get("address") or ANY_IPV4, port=port)


def _own(root: Element) -> Iterator[Port]:
    for one in own_ports(root):
        yield Port(device=f"QEMU's own {one.option}", address=one.address, port=one.port)


def _port(text: str | None) -> int | None:
    """Return the port number; None if none is set (libvirt writes -1 if it chooses the port)."""
    known = text is not None and text.isascii() and text.isdigit() and len(text) <= 5
    return int(text) if known and text is not None else None
