"""CPU features available to each type of guest on a host, and those of its running guests, from libvirt's API."""

import contextlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from preflight.answers import Unreadable
from preflight.connection.calls import Call, outcomes
from preflight.connection.libvirt_queries import Listed
from preflight.facts.text.xml import parse_xml
from preflight.request.migration import Role

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Architectures whose CPU features libvirt compares; it does not for others.
_ARCHES = frozenset(("x86_64", "i686"))


def read(connection: Any, default: Call[str] | None, guests: Call[Sequence[Listed]], role: Role | None = None) -> str:
    """Query the CPU features that matter for a host in this role, or all of them without a role, and return JSON.

    On the source, the features of the guests' CPUs matter, and the available ones only for guests with the host's own
    CPU; on the destination, the available features. Each query takes libvirt a while.

    `guests` is the call for all guests, `default` the one for the domain capabilities of the default type of guest, if
    there is one.
    """
    kinds = {"kvm", "qemu"}
    active = [guest for guest in guests.result() if guest.active] if role is not Role.DESTINATION else []
    if role is Role.SOURCE:
        kinds &= {kind for guest in active for kind in _kinds_with_the_hosts_own(guest)}
    calls: dict[str, Callable[[], object]] = {kind: partial(_type, connection, kind, default) for kind in sorted(kinds)}
    calls |= {guest.told["uuid"]: partial(_guest, connection, guest) for guest in active}
    known = {name: _told(outcome) for name, outcome in zip(calls, outcomes(calls.values()), strict=True)}
    return json.dumps(
        {
            "types": {name: told for name, told in known.items() if name in kinds},
            "guests": {name: told for name, told in known.items() if name not in kinds},
        }
    )


def _told(outcome: object) -> object:
    import libvirt

    if isinstance(outcome, Exception):
        if not isinstance(outcome, libvirt.libvirtError | Unreadable):
            raise outcome
        return {"error": str(outcome)}
    return outcome


def _type(connection: Any, kind: str, default: Call[str] | None) -> dict[str, object]:
    """Return the models that libvirt and QEMU know, and the features of a guest with all that the host provides."""
    import xml.etree.ElementTree as ET

    capabilities = _capabilities(connection, kind, default)
    models = [model.text or "" for model in capabilities.iterfind("cpu/mode[@name='custom']/model")]
    host = capabilities.find("cpu/mode[@name='host-model']")
    if host is None or host.get("supported") != "yes":
        raise Unreadable(f"libvirt reports no host-model CPU for {kind} guests")
    inner = "".join(ET.tostring(child, encoding="unicode") for child in host)
    return {"models": models, "features": _expand(connection, (None, None, None, kind), f"<cpu>{inner}</cpu>")}


def _capabilities(connection: Any, kind: str, default: Call[str] | None) -> "Element":
    import libvirt

    if default is not None:
        with contextlib.suppress(libvirt.libvirtError, Unreadable):
            capabilities = parse_xml(default.result())
            if capabilities.findtext("domain") == kind:
                return capabilities
    return parse_xml(connection.getDomainCapabilities(None, None, None, kind))


def _kinds_with_the_hosts_own(guest: Listed) -> set[str]:
    """Return the type of the guest if it has the host's own CPU, otherwise an empty set."""
    with contextlib.suppress(Unreadable):
        root = parse_xml(guest.told["xml"])
        cpu = root.find("cpu")
        if cpu is not None and cpu.get("mode") in ("host-passthrough", "maximum"):
            return {root.get("type", "")}
    return set()


def _guest(connection: Any, guest: Listed) -> dict[str, object]:
    """Return the features of a guest's CPU, including those of its model; None if it names no model."""
    import xml.etree.ElementTree as ET

    root = parse_xml(guest.told["xml"])
    cpu, system = root.find("cpu"), root.find("os/type")
    if cpu is None or system is None or cpu.get("mode") != "custom" or system.get("arch") not in _ARCHES:
        return {"features": None}
    of = (root.findtext("devices/emulator"), system.get("arch"), system.get("machine"), root.get("type"))
    return {"features": _expand(connection, of, ET.tostring(cpu, encoding="unicode"))}


def _expand(connection: Any, of: tuple[str | None, ...], cpu: str) -> list[str]:
    import libvirt

    whole = connection.baselineHypervisorCPU(*of, [cpu], libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES)
    features = parse_xml(whole).iterfind("feature")
    return sorted(feature.get("name", "") for feature in features if feature.get("policy") != "disable")
