"""The destination cannot give the guest its vsock address.

Why it matters
    A guest with a vsock device needs the kernel's vhost_vsock on the destination: "unable to open vhost-vsock device".
    A context ID that the definition fixes (`<cid auto='no'>`) can belong to only one running guest of a host: "failed
    to set guest cid: Address already in use".

How to fix
    On the destination: modprobe vhost_vsock, and a line in /etc/modules-load.d. Give each guest a context ID of its
    own, or let libvirt choose (`<cid auto='yes'/>`).
"""

from collections.abc import Iterator

from preflight.facts import Guests, Resources
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

_DEVICE = "/dev/vhost-vsock"


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Resources, destination_guests: Guests) -> Findings:
    wanted = list(_cids(guest.xml, fixed=True))
    if parse_xml(guest.xml).find("devices/vsock") is None:
        return
    if not destination.has(_DEVICE):
        yield on_destination(f"{_DEVICE} does not exist", error="unable to open vhost-vsock device")
    for other in destination_guests.all:
        for cid in set(wanted).intersection(_cids(other.xml)) if other.running and other.uuid != guest.uuid else ():
            yield on_destination(
                f"the guest {other.name} has the vsock context ID {cid} too",
                error="failed to set guest cid: Address already in use",
            )


def _cids(xml: str, *, fixed: bool = False) -> Iterator[str]:
    """Yield the context IDs of a guest; with `fixed`, only those that libvirt must not change."""
    for cid in parse_xml(xml).iterfind("devices/vsock/cid"):
        if cid.get("address") and not (fixed and cid.get("auto") == "yes"):
            yield cid.get("address", "")
