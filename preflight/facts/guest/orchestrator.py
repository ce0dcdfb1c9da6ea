"""The program beside libvirt that manages a guest, by the marks that it leaves in the guest's XML.

The marks are from the programs' own sources:

- OpenStack Nova: NOVA_NS of nova.virt.libvirt.config (1.0 and 1.1), and the product of nova.version, which
  nova.virt.libvirt.driver writes to SMBIOS;
- oVirt: METADATA_VM_VDSM_URI and METADATA_VM_TUNE_URI of vdsm.virt.xmlconstants;
- KubeVirt: the namespace of Metadata in pkg/virt-launcher/virtwrap/api/schema.go;
- OpenNebula: the metadata that src/vmm/LibVirtDriverKVM.cc writes;
- CloudStack: the manufacturer and product of GuestDef in LibvirtVMDef.java, unless the operator has configured others;
  it writes no metadata.

Names such as "instance-0000001a" are no mark: anybody may choose them. Proxmox VE runs QEMU without libvirt, and
pacemaker leaves no mark in a guest's XML.
"""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guest
from preflight.facts.text.xml import parse_xml

#: A namespace in which nothing can be hidden: a version follows the last slash.
_MARK = re.compile(r"http://[a-z./]{1,64}?[\d.]{0,8}")


class Orchestrator(Struct, frozen=True, kw_only=True):
    """A program that manages guests through libvirt, and the way in which it migrates them itself."""

    name: str
    #: What to use instead, as an order.
    instead: str
    #: Namespaces of the elements that it writes into `<metadata>`; one that ends in a slash is followed by a version.
    namespaces: tuple[str, ...] = ()
    #: Manufacturer and product that it writes to SMBIOS; None if they are not distinctive.
    smbios: tuple[str, str] | None = None

    @staticmethod
    def of(guest: Guest) -> "Orchestrator | None":
        """Return the program that manages the guest; None if its XML bears the mark of none."""
        root = parse_xml(guest.xml)
        found = {_namespace(child) for child in root.iterfind("metadata/*")}
        smbios = tuple(_entry(root, name) for name in ("manufacturer", "product"))
        return next((one for one in _KNOWN if one.smbios == smbios or _any_of(one.namespaces, found)), None)


def marks_in(metadata: str) -> list[str]:
    """Return the namespaces of the known programs in a `<metadata>` element; none if it is not XML by itself."""
    try:
        found = dict.fromkeys(_namespace(child) for child in parse_xml(metadata))
    except Unreadable:
        return []
    return [uri for uri in found if any(_any_of(one.namespaces, [uri]) for one in _KNOWN) and _MARK.fullmatch(uri)]


def is_mark(entry: str) -> bool:
    """Report whether the content of an SMBIOS entry is what a known program writes there."""
    return any(one.smbios is not None and entry in one.smbios for one in _KNOWN)


def _any_of(namespaces: Iterable[str], found: Iterable[str]) -> bool:
    return any(uri == one or (one.endswith("/") and uri.startswith(one)) for one in namespaces for uri in found)


def _namespace(element: Element) -> str:
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def _entry(root: Element, name: str) -> str:
    return (root.findtext(f"sysinfo[@type='smbios']/system/entry[@name='{name}']") or "").strip()


_KNOWN = (
    Orchestrator(
        name="OpenStack Nova",
        instead="run `openstack server migrate --live-migration SERVER`",
        namespaces=("http://openstack.org/xmlns/libvirt/nova/",),
        smbios=("OpenStack Foundation", "OpenStack Nova"),
    ),
    Orchestrator(
        name="oVirt",
        instead="migrate the virtual machine in the Administration Portal, or by the action `migrate` of its REST API",
        namespaces=("http://ovirt.org/vm/",),
    ),
    Orchestrator(
        name="KubeVirt", instead="run `virtctl migrate NAME -n NAMESPACE`", namespaces=("http://kubevirt.io",)
    ),
    Orchestrator(
        name="OpenNebula",
        instead="run `onevm migrate --live VM HOST`",
        namespaces=("http://opennebula.org/xmlns/libvirt/",),
    ),
    Orchestrator(
        name="CloudStack",
        instead="run `cmk migrate virtualmachine virtualmachineid=VM hostid=HOST`",
        smbios=("Apache Software Foundation", "CloudStack KVM Hypervisor"),
    ),
)
