"""The CPU that libvirt would give a guest with mode host-model, and the CPU models that a guest can name instead."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self
from xml.etree.ElementTree import Element

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.grammar import CPU_NAME


class HostModel(Fact, frozen=True, kw_only=True):
    """The CPU of a guest with mode host-model, for the type of guest that is the host's default: kvm where it can."""

    arch: str
    #: kvm or qemu.
    virt_type: str
    vendor: str | None
    #: The named model that the CPU is described by.
    model: str
    #: Features of the CPU that the model lacks, and of the model that the CPU lacks.
    required: frozenset[str]
    disabled: frozenset[str]
    #: Each model that both libvirt and QEMU know: "yes" if a guest can have all of it here, "no" or "unknown".
    models: Mapping[str, str]

    @classmethod
    def parse(cls, capabilities: Annotated[Record, "libvirt.domain-capabilities"]) -> Self:
        """Parse the XML of virConnectGetDomainCapabilities."""
        root = parse_xml(capabilities.required())
        if root.tag != "domainCapabilities":
            raise Unreadable(f"libvirt's domain capabilities are a <{root.tag}>, not a <domainCapabilities>")
        arch, virt_type = (CPU_NAME.of(root.findtext(name) or "") for name in ("arch", "domain"))
        host = root.find("cpu/mode[@name='host-model']")
        model = None if host is None else host.findtext("model")
        if host is None or host.get("supported") != "yes" or not model:
            raise Unreadable(f"libvirt reports no host-model CPU for {virt_type} guests")
        vendor = host.findtext("vendor")
        return cls(
            arch=arch,
            virt_type=virt_type,
            vendor=None if vendor is None else CPU_NAME.of(vendor),
            model=CPU_NAME.of(model),
            required=frozenset(_features(host, disabled=False)),
            disabled=frozenset(_features(host, disabled=True)),
            models={
                one.text or "": one.get("usable", "unknown") for one in root.iterfind("cpu/mode[@name='custom']/model")
            },
        )


def _features(host: Element, *, disabled: bool) -> Iterator[str]:
    for one in host.iterfind("feature"):
        if (one.get("policy") in ("disable", "forbid")) is disabled:
            yield CPU_NAME.of(one.get("name", ""))
