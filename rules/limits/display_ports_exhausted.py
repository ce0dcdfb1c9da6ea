"""Too few ports of the destination's ranges for displays are free.

Why it matters
    If a display's port is left to libvirt (autoport='yes'), the destination chooses one from remote_display_port_min to
    remote_display_port_max, and for a web socket from remote_websocket_port_min to remote_websocket_port_max. A SPICE
    display with TLS takes two. A guest for which none is left does not start: "Unable to find an unused port in range
    'display' (5900-5901)". A guest keeps its port as long as it runs.

How to fix
    Widen the range in the destination's /etc/libvirt/qemu.conf and restart the libvirt daemon, or free its ports.
"""

from preflight.facts import GuestSettings, Listening
from preflight.facts.daemon import displays
from preflight.host import Judged
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guests: Judged, destination: GuestSettings, destination_ports: Listening) -> Findings:
    active = [guest for guest in guests.all if guest.running]
    shown = [display for guest in active for display in displays(guest.xml, destination)]
    wanted = {
        "display": sum(display.chosen for display in shown),
        "websocket": sum(display.chooses_web_socket for display in shown),
    }
    for kind, number in wanted.items():
        if not number:
            continue
        ports = destination.ports(kind)
        free = len(ports) - len(destination_ports.used_in(ports.start, ports.stop - 1))
        if number > free:
            last = destination.number(f"remote_{kind}_port_max")
            yield on_destination(
                f"{free} of the {len(ports)} ports from {ports.start} to {last} are free, but the guests'"
                f" displays need {number}",
                at=last.at or destination.number(f"remote_{kind}_port_min").at,
                error="Unable to find an unused port in range",
            )
