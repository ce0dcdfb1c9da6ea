"""The destination's QEMU or libvirt is too old for one of the guest's devices.

Why it matters
    libvirt passes the models of network cards on to QEMU: "'igb' is not a valid device model name". It ignores elements
    that it does not know, so the destination starts the guest without them, and the migration ends when their state
    arrives: a store for crash logs (pstore) is unknown before libvirt 10.2, and QEMU reports "error while loading state
    for instance 0x0 of device 'ram'" in the guest's log. libvirt 9.0 gives QEMU an option for the PC speaker that QEMU
    no longer has: "-soundhw: invalid option". A property that the guest overrides (`<qemu:override>`) goes to QEMU as
    it is: "Property 'virtio-blk-pci.x-new' not found". If the destination's QEMU is older than the source's, the result
    is UNKNOWN for such a guest; a rehearsal tells. What the destination's libvirt refuses itself is in
    destination-refuses-definition.

How to fix
    Upgrade the destination, detach the device for the duration of the migration (virsh detach-device), or shut the
    guest down and remove it.
"""

from xml.etree.ElementTree import Element

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: The first release of QEMU with a model of network card (hw/net/igb.c: not in 7.2; the change log of 8.0).
_MODELS = {"igb": Version(8, 0)}
#: The first release of libvirt that knows the element (its NEWS), and what QEMU then says about the memory of the
#: device, which the destination's lacks.
_PSTORE = Version(10, 2, 0)
#: As libvirt writes it, whatever prefix was used.
_OVERRIDE = "<qemu:override>"
#: The release of libvirt that was seen to start QEMU with -soundhw, and one that was seen not to; QEMU 7.1 removed it.
_SPEAKER_FAILS, _SPEAKER_WORKS, _WITHOUT_SOUNDHW = Version(9, 0, 0), Version(11, 3, 0), Version(7, 1)


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "'...' is not a valid device model name",
        "-soundhw: invalid option",
        "Unable to read from socket",
        "Property '...' not found",
    ),
)
def check(guest: Guest, source: Versions, destination: Versions) -> Findings:
    root = parse_xml(guest.xml)
    models = {model.get("type", "") for model in root.iterfind("devices/interface/model")}
    for model in sorted(models & _MODELS.keys()):
        if destination.qemu < _MODELS[model]:
            yield on_destination(
                f"QEMU {destination.qemu} does not have the network card {model}",
                error=f"'{model}' is not a valid device model name",
            )
    if root.find("devices/pstore") is not None and destination.libvirt < _PSTORE:
        yield on_destination(
            f"libvirt {destination.libvirt} ignores the guest's store for crash logs (pstore)",
            error="Unable to read from socket",
        )
    if _has_speaker(root) and destination.qemu >= _WITHOUT_SOUNDHW and destination.libvirt < _SPEAKER_WORKS:
        if destination.libvirt > _SPEAKER_FAILS:
            raise Unreadable(f"it is unknown whether libvirt {destination.libvirt} can start a guest with a PC speaker")
        yield on_destination(
            f"libvirt {destination.libvirt} cannot start a guest with a PC speaker with QEMU {destination.qemu}",
            error="-soundhw: invalid option",
        )
    if destination.qemu < source.qemu and _OVERRIDE in guest.xml:
        raise Unreadable(f"the guest overrides properties of its devices, which QEMU {destination.qemu} may not know")


def _has_speaker(root: Element) -> bool:
    return root.find("devices/sound[@model='pcspk']") is not None
