"""The destination's kernel lacks network offloads that the guest may be using.

Why it matters
    Since Linux 6.2 a tap device can segment UDP packets for the guest, and machine types of QEMU 8.2 and later offer
    that to virtio network cards. A guest that has accepted the offer cannot be loaded where the kernel is older:
    "Features 0x... unsupported. Allowed features: 0x...". Only the guest knows what it has accepted; Linux 6.2 and
    later does. This was read in QEMU's source and in reports of users; the lab has only one kernel.

How to fix
    Boot the destination with the newer kernel; a host that was upgraded runs the older one until it is restarted. Or
    switch the offload off in the guest's definition (<driver><host uso='off'/></driver>) and restart the guest.
"""

import re

from preflight.facts import Kernel
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: The first kernel that has the offload for tap devices, and the first machine type that offers it (hw_compat_8_1).
_KERNEL, _MACHINE = (6, 2), (8, 2)
_TAPS = ("network", "bridge", "ethernet", "direct")


@rule(Severity.WARNING, skip=unless_live, errors=("unsupported. Allowed features: 0x...",))
def check(guest: Guest, source: Kernel, destination: Kernel) -> Findings:
    mine, other, machine = (_version(text) for text in (source.release, destination.release, guest.machine))
    if machine is None or machine < _MACHINE or mine is None or other is None or not other < _KERNEL <= mine:
        return
    cards = parse_xml(guest.xml).iterfind("devices/interface")
    if any(card.get("type") in _TAPS and card.find("model[@type='virtio']") is not None for card in cards):
        yield on_destination(
            f"Linux {destination.release} cannot segment UDP packets for the guest, which Linux {source.release} can"
        )


def _version(text: str) -> tuple[int, int] | None:
    """Return the first two numbers of a kernel's release, or of a machine type such as pc-q35-10.0."""
    found = re.search(r"(?:^|-)(\d{1,4})\.(\d{1,4})", text, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None
