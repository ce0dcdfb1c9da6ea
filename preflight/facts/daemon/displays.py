"""The VNC and SPICE displays of a guest, as a host with these settings starts them."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.daemon.guest_settings import GuestSettings
from preflight.facts.guest.graphics import listens
from preflight.facts.text.located import Located
from preflight.facts.text.xml import parse_xml


class Display(Struct, frozen=True, kw_only=True):
    """`<graphics type='vnc'>` or `<graphics type='spice'>`."""

    #: VNC or SPICE.
    device: str
    #: The address from the host's qemu.conf; None if the XML determines the address, the socket or the network.
    filled_in: Located[str] | None
    #: Fixed ports in the XML.
    ports: tuple[int, ...]
    #: The number of ports that libvirt chooses from its range for displays.
    chosen: int
    #: True if libvirt chooses a port for a web socket.
    chooses_web_socket: bool
    #: True if QEMU reads the certificates of this kind of display.
    over_tls: bool
    #: True if it demands TLS, which the host's settings turn off.
    lacks_tls: bool


def displays(xml: str, settings: GuestSettings) -> Iterator[Display]:
    """Yield the displays of a guest that starts with this XML; raises `Unreadable`."""
    for graphics in parse_xml(xml).iterfind("devices/graphics"):
        if graphics.get("type") in ("vnc", "spice"):
            yield _display(graphics, graphics.get("type", ""), settings)


def _display(graphics: Element, kind: str, settings: GuestSettings) -> Display:
    listen = next(iter(listens(graphics)), None)
    how = "address" if listen is None else listen.get("type", "address")
    address = None if listen is None else listen.get("address")
    is_open = how == "address" and not address
    by_socket = is_open and settings.flag(f"{kind}_auto_unix_socket").value
    on_network = how in ("address", "network") and not by_socket
    named = {name: _port(graphics.get(name)) for name in ("port", "tlsPort", "websocket")}
    is_chosen = on_network and (graphics.get("autoport") == "yes" or graphics.get("port") == "-1")
    tls = settings.flag(f"{kind}_tls").value
    # SPICE uses TLS on a port of its own; in live XML libvirt may have chosen it
    secure = kind == "spice" and on_network and bool((named["tlsPort"] and not is_chosen) or _demands_tls(graphics))
    also_secure = secure or (kind == "spice" and is_chosen and tls and graphics.get("defaultMode") != "insecure")
    return Display(
        device=kind.upper(),
        filled_in=settings.text(f"{kind}_listen") if is_open and not by_socket else None,
        ports=() if is_chosen or not on_network else tuple(port for port in named.values() if port),
        chosen=(1 + also_secure if graphics.get("defaultMode") != "secure" else 1) if is_chosen else 0,
        chooses_web_socket=on_network and graphics.get("websocket") == "-1",
        over_tls=also_secure and tls if kind == "spice" else tls,
        lacks_tls=secure and not tls,
    )


def _demands_tls(graphics: Element) -> bool:
    channels = [channel.get("mode") for channel in graphics.iterfind("channel")]
    return "secure" in (graphics.get("defaultMode"), *channels)


def _port(text: str | None) -> int | None:
    known = text is not None and text.isascii() and text.isdigit() and len(text) <= 5
    return int(text) or None if known and text is not None else None
