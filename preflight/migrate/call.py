"""The one libvirt call that migrates a guest: a method and a guest put into flags and parameters."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import tostring

from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode

#: What `Method.asked` may hold and libvirt takes as a flag, by the rest of its name after VIR_MIGRATE_.
_FLAGS = {
    "change-protection": "CHANGE_PROTECTION",
    "unsafe": "UNSAFE",
    "abort-on-error": "ABORT_ON_ERROR",
    "copy-storage-all": "NON_SHARED_DISK",
    "copy-storage-inc": "NON_SHARED_INC",
    "auto-converge": "AUTO_CONVERGE",
    "postcopy": "POSTCOPY",
    "compressed": "COMPRESSED",
    "parallel": "PARALLEL",
    "tls": "TLS",
    "zerocopy": "ZEROCOPY",
}


def flags(method: Method, *, persist: bool, undefine: bool, resume_postcopy: bool = False) -> int:
    """The flags of one live migration; raises `UserError` for one that this machine's libvirt does not know."""
    names = [_FLAGS[name] for name in sorted(method.asked) if name in _FLAGS]
    if method.live:
        names.append("LIVE")
    if method.mode is not Mode.MANAGED:
        names.append("PEER2PEER")
    if method.mode is Mode.TUNNELLED:
        names.append("TUNNELLED")
    if persist:
        names.append("PERSIST_DEST")
    if undefine:
        names.append("UNDEFINE_SOURCE")
    if method.suspend or method.is_safe:
        names.append("PAUSED")
    if resume_postcopy:
        names.append("POSTCOPY_RESUME")
    return _value(names)


def _value(names: list[str]) -> int:
    import libvirt

    value = 0
    for name in names:
        flag = getattr(libvirt, f"VIR_MIGRATE_{name}", None)
        if flag is None:
            raise UserError(f"this machine's libvirt library is too old for --{name.lower().replace('_', '-')}")
        value |= flag
    return value


def parameters(method: Method) -> dict[str, Any]:
    """The typed parameters of one live migration, by libvirt's names (VIR_MIGRATE_PARAM_*)."""
    return dict(_parameters(method))


def _parameters(method: Method) -> Iterator[tuple[str, Any]]:
    plain = {
        "migrate_uri": method.migrateuri,
        "destination_name": method.dname,
        "destination_xml": method.xml,
        "persistent_xml": method.persistent_xml,
        "bandwidth": method.bandwidth,
        "bandwidth.postcopy": method.postcopy_bandwidth,
        "graphics_uri": method.graphicsuri,
        "listen_address": method.listen_address,
        "disks_port": method.disks_port,
        "disks_uri": method.disks_uri,
        "auto_converge.initial": method.auto_converge_initial,
        "auto_converge.increment": method.auto_converge_increment,
        "parallel.connections": method.parallel_connections,
        "tls.destination": method.tls_destination,
    }
    yield from ((name, value) for name, value in plain.items() if value is not None)
    if method.migrate_disks and method.copy_storage is not CopyStorage.NONE:
        yield "migrate_disks", list(method.migrate_disks)
    if method.comp_methods:
        yield "compression", list(method.comp_methods)


def definition(method: Method, xml: str) -> str:
    """The guest's definition for the destination, from that of the source; raises `Unreadable`."""
    return named(method.persistent_xml or method.xml or xml, method.dname)


def named(xml: str, name: str | None) -> str:
    """The definition under another name."""
    if name is None:
        return xml
    root = parse_xml(xml)
    own = root.find("name")
    if own is None:
        raise Unreadable("the XML names no guest")
    own.text = name
    return tostring(root, encoding="unicode")
