"""What each kind of guest's CPU can have on a host, and what the CPUs of its running guests have, by libvirt's API."""

import json
from typing import Any

from preflight.facts.xml import parse_xml
from preflight.record import Record, Unreadable

#: Guests of other architectures libvirt lets any emulator run: it compares no features of theirs.
_ARCHES = frozenset(("x86_64", "i686"))


def read(connection: Any, default: Record | None) -> str:
    """All of it as JSON.

    `default` are the domain capabilities that libvirt gives when no kind of guest is named, if they are there already:
    it takes libvirt a while to write them.
    """
    import libvirt

    known = {}
    if default is not None:
        known[parse_xml(default.out).findtext("domain", "")] = default.out
    types: dict[str, object] = {}
    for kind in ("kvm", "qemu"):
        try:
            text = known.get(kind) or connection.getDomainCapabilities(None, None, None, kind)
            types[kind] = _type(connection, kind, text)
        except (libvirt.libvirtError, Unreadable) as why:
            types[kind] = {"error": str(why)}
    guests: dict[str, object] = {}
    for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        try:
            guests[domain.UUIDString()] = {"features": _guest(connection, domain.XMLDesc())}
        except (libvirt.libvirtError, Unreadable) as why:
            guests[domain.UUIDString()] = {"error": str(why)}
    return json.dumps({"types": types, "guests": guests})


def _type(connection: Any, kind: str, text: str) -> dict[str, object]:
    """The models that libvirt and QEMU know, and the features of a guest that has all that the host can give."""
    import xml.etree.ElementTree as ET

    capabilities = parse_xml(text)
    models = [model.text or "" for model in capabilities.iterfind("cpu/mode[@name='custom']/model")]
    host = capabilities.find("cpu/mode[@name='host-model']")
    if host is None or host.get("supported") != "yes":
        raise Unreadable(f"libvirt does not tell what the CPU of a {kind} guest can have")
    inner = "".join(ET.tostring(child, encoding="unicode") for child in host)
    return {"models": models, "features": _expand(connection, (None, None, None, kind), f"<cpu>{inner}</cpu>")}


def _guest(connection: Any, text: str) -> list[str] | None:
    """The features of a guest's CPU, those that its model stands for among them; None where it names no model."""
    import xml.etree.ElementTree as ET

    root = parse_xml(text)
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
