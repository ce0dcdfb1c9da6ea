"""What each kind of guest's CPU can have on a host, and what the CPUs of its running guests have, by libvirt's API."""

import json
from typing import TYPE_CHECKING, Any

from preflight.answers import Record, Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.request.migration import Role

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Guests of other architectures libvirt lets any emulator run: it compares no features of theirs.
_ARCHES = frozenset(("x86_64", "i686"))


def read(connection: Any, default: Record | None, role: Role | None = None) -> str:
    """What a host in this role is asked about, all of it for a host in either, as JSON.

    Of the source matters what its guests' CPUs have, and what a CPU can have there only for guests that are given the
    host's own; of the destination what guests' CPUs can have. To tell takes libvirt a while for each.

    `default` are the domain capabilities that libvirt gives when no kind of guest is named, if they are there already.
    """
    import libvirt

    guests: dict[str, object] = {}
    kinds = {"kvm", "qemu"}
    if role is not Role.DESTINATION:
        with_the_hosts_own = set()
        for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            try:
                guest = parse_xml(domain.XMLDesc())
                with_the_hosts_own |= _kinds_with_the_hosts_own(guest)
                guests[domain.UUIDString()] = {"features": _guest(connection, guest)}
            except (libvirt.libvirtError, Unreadable) as why:
                guests[domain.UUIDString()] = {"error": str(why)}
        if role is Role.SOURCE:
            kinds &= with_the_hosts_own
    known = {}
    if default is not None:
        known[parse_xml(default.out).findtext("domain", "")] = default.out
    types: dict[str, object] = {}
    for kind in sorted(kinds):
        try:
            text = known.get(kind) or connection.getDomainCapabilities(None, None, None, kind)
            types[kind] = _type(connection, kind, text)
        except (libvirt.libvirtError, Unreadable) as why:
            types[kind] = {"error": str(why)}
    return json.dumps({"types": types, "guests": guests})


def _type(connection: Any, kind: str, text: str) -> dict[str, object]:
    """The models that libvirt and QEMU know, and the features of a guest that has all that the host can give."""
    import xml.etree.ElementTree as ET

    capabilities = parse_xml(text)
    models = [model.text or "" for model in capabilities.iterfind("cpu/mode[@name='custom']/model")]
    host = capabilities.find("cpu/mode[@name='host-model']")
    if host is None or host.get("supported") != "yes":
        raise Unreadable(f"libvirt reports no host-model CPU for {kind} guests")
    inner = "".join(ET.tostring(child, encoding="unicode") for child in host)
    return {"models": models, "features": _expand(connection, (None, None, None, kind), f"<cpu>{inner}</cpu>")}


def _kinds_with_the_hosts_own(root: "Element") -> set[str]:
    """The kind of a guest that is given the host's own CPU; none of another."""
    cpu = root.find("cpu")
    own = cpu is not None and cpu.get("mode") in ("host-passthrough", "maximum")
    return {root.get("type", "")} if own else set()


def _guest(connection: Any, root: "Element") -> list[str] | None:
    """The features of a guest's CPU, those that its model stands for among them; None where it names no model."""
    import xml.etree.ElementTree as ET

    cpu, system = root.find("cpu"), root.find("os/type")
    if cpu is None or system is None or cpu.get("mode") != "custom" or system.get("arch") not in _ARCHES:
        return None
    of = (root.findtext("devices/emulator"), system.get("arch"), system.get("machine"), root.get("type"))
    return _expand(connection, of, ET.tostring(cpu, encoding="unicode"))


def _expand(connection: Any, of: tuple[str | None, ...], cpu: str) -> list[str]:
    import libvirt

    whole = connection.baselineHypervisorCPU(*of, [cpu], libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES)
    features = parse_xml(whole).iterfind("feature")
    return sorted(feature.get("name", "") for feature in features if feature.get("policy") != "disable")
