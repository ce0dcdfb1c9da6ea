"""CPU features available to each type of guest on a host, and those of its running guests, from libvirt's API."""

import json
from typing import TYPE_CHECKING, Any

from preflight.answers import Record, Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.request.migration import Role

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Architectures whose CPU features libvirt compares; it does not for others.
_ARCHES = frozenset(("x86_64", "i686"))


def read(connection: Any, default: Record | None, role: Role | None = None) -> str:
    """Query the CPU features that matter for a host in this role, or all of them without a role, and return JSON.

    On the source, the features of the guests' CPUs matter, and the available ones only for guests with the host's own
    CPU; on the destination, the available features. Each query takes libvirt a while.

    `default` is the record of the domain capabilities for the default type of guest, if already collected.
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
    """Return the models that libvirt and QEMU know, and the features of a guest with all that the host provides."""
    import xml.etree.ElementTree as ET

    capabilities = parse_xml(text)
    models = [model.text or "" for model in capabilities.iterfind("cpu/mode[@name='custom']/model")]
    host = capabilities.find("cpu/mode[@name='host-model']")
    if host is None or host.get("supported") != "yes":
        raise Unreadable(f"libvirt reports no host-model CPU for {kind} guests")
    inner = "".join(ET.tostring(child, encoding="unicode") for child in host)
    return {"models": models, "features": _expand(connection, (None, None, None, kind), f"<cpu>{inner}</cpu>")}


def _kinds_with_the_hosts_own(root: "Element") -> set[str]:
    """Return the type of the guest if it has the host's own CPU, otherwise an empty set."""
    cpu = root.find("cpu")
    own = cpu is not None and cpu.get("mode") in ("host-passthrough", "maximum")
    return {root.get("type", "")} if own else set()


def _guest(connection: Any, root: "Element") -> list[str] | None:
    """Return the features of a guest's CPU, including those of its model; None if it names no model."""
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
