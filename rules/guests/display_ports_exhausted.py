"""The destination has no free port for the guest's VNC or SPICE display.

Why it matters
    libvirt chooses a port between remote_display_port_min and remote_display_port_max of qemu.conf, by default 5900 to
    65535, for each display of an arriving guest: "Unable to find an unused port in range 'display' (5900-5901)".

How to fix
    Widen the range in the destination's /etc/libvirt/qemu.conf and restart the libvirt daemon.
"""

from preflight.facts import Daemons, Listening, QemuConfFile
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: Of libvirt, unchanged since the settings exist (QEMU_REMOTE_PORT_MIN and _MAX in src/qemu/qemu_conf.h).
_LEAST, _MOST = 5900, 65535


@rule(Severity.ERROR, skip=unless_live)
def check(
    guest: Guest, destination: QemuConfFile, destination_daemons: Daemons, destination_ports: Listening
) -> Findings:
    needed = sum(_ports(graphics.attrib) for graphics in parse_xml(guest.xml).iterfind("devices/graphics"))
    if not needed:
        return
    first, last = destination.conf.get("remote_display_port_min"), destination.conf.get("remote_display_port_max")
    if (first or last) and destination_daemons.changed_since_start("qemu"):
        raise Unreadable("qemu.conf was changed after the daemon started: its values cannot be known before a restart")
    low = first.value if first is not None and isinstance(first.value, int) else _LEAST
    high = last.value if last is not None and isinstance(last.value, int) else _MOST
    free = max(0, high - low + 1) - len(destination_ports.used_in(low, high))
    if needed > free:
        yield on_destination(
            f"{max(0, free)} ports from {low} to {high} are free for displays, but the guest needs {needed}",
            at=last or first,
            error=f"Unable to find an unused port in range 'display' ({low}-{high})",
        )


def _ports(graphics: "dict[str, str]") -> int:
    """Return how many ports libvirt chooses for a display; one that listens on a socket has none."""
    if graphics.get("type") not in ("vnc", "spice") or "socket" in graphics:
        return 0
    return int(graphics.get("autoport") == "yes")
