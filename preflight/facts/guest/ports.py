"""TCP ports that a guest's XML fixes: those at which its QEMU listens, and those that it connects to when it starts."""

from collections.abc import Iterator
from typing import Self
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.text.xml import parse_xml

_CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "rng/backend", "smartcard", "redirdev")


class Port(Struct, frozen=True, kw_only=True):
    """One end of a connection, on the host."""

    #: As "VNC" or "serial".
    device: str
    #: An address or a name, as the XML has it.
    address: str
    port: int


class GuestPorts(Struct, frozen=True, kw_only=True):
    """The ports of one guest."""

    #: Where its QEMU listens. Of UDP nothing is said: two sockets may well share a port there.
    listens: tuple[Port, ...]
    #: Servers that must answer for QEMU to start.
    connects: tuple[Port, ...]

    @classmethod
    def of(cls, xml: str) -> Self:
        """Read a guest's XML; raises `Unreadable`."""
        root = parse_xml(xml)
        ports = tuple(_character_devices(root))
        listens = (*_graphics(root), *(port for mode, port in ports if mode == "bind"))
        return cls(
            listens=tuple(dict.fromkeys(listens)),
            connects=tuple(dict.fromkeys(port for mode, port in ports if mode == "connect")),
        )


def _graphics(root: Element) -> Iterator[Port]:
    for graphics in root.iterfind("devices/graphics"):
        if graphics.get("autoport") == "yes":
            continue  # libvirt looks for free ports anew
        listen = graphics.find("listen")
        address = "" if listen is None else listen.get("address", "")
        # of a network's address (type "network") the destination's own network is asked
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
                continue  # libvirt shows the first serial port as the first console too
            source = device.find("source")
            if device.get("type") != "tcp" or source is None:
                continue
            again = source.find("reconnect")
            mode, port = source.get("mode", "connect"), _port(source.get("service"))
            if port and not (mode == "connect" and again is not None and again.get("enabled") == "yes"):
                yield mode, Port(device=path.partition("/")[0], address=source.get("host", ""), port=port)


def _port(text: str | None) -> int | None:
    """The number; None where none is set (libvirt writes -1 for one that it is to choose)."""
    known = text is not None and text.isascii() and text.isdigit() and len(text) <= 5
    return int(text) if known and text is not None else None
