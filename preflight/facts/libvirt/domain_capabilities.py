"""Devices that a host's QEMU supports, as reported by libvirt."""

from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.text.xml import parse_xml


class DomainCapabilities(Fact, frozen=True, kw_only=True):
    """The result of virConnectGetDomainCapabilities for the host's own emulator and its default machine type."""

    #: Values by device (or "hyperv") and enum, as {("graphics", "type"): {"vnc", "spice"}}; a device that is not
    #: supported at all has none. Enums that this libvirt release does not report are missing.
    values: Mapping[tuple[str, str], frozenset[str]]
    #: Reason why they are unknown, or None.
    error: str | None = None

    def has(self, device: str, listed: str, value: str) -> bool | None:
        """Report whether the value is listed; None if this libvirt does not list such values; raises `Unreadable`."""
        if self.error is not None:
            raise Unreadable(f"libvirt did not report which devices it supports: {self.error}")
        known = self.values.get((device, listed), self.values.get((device, "")))
        return None if known is None else value in known

    @classmethod
    def parse(cls, capabilities: Annotated[Record, "libvirt.domain-capabilities", OPTIONAL]) -> Self:
        """Parse the XML. Without an answer, keep the reason: few guests need it."""
        try:
            root = parse_xml(capabilities.required())
        except Unreadable as why:
            return cls(values={}, error=str(why))
        if root.tag != "domainCapabilities":
            raise Unreadable(f"libvirt's domain capabilities are a <{root.tag}>, not a <domainCapabilities>")
        values: dict[tuple[str, str], frozenset[str]] = {}
        for device in (*root.iterfind("devices/*"), *root.iterfind("features/hyperv")):
            if device.get("supported") == "no":
                values[device.tag, ""] = frozenset()
            for enum in device.iterfind("enum"):
                values[device.tag, enum.get("name", "")] = frozenset(
                    value.text or "" for value in enum.iterfind("value")
                )
        return cls(values=values)
