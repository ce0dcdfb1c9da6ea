"""The host's own CPU, from libvirt's capabilities."""

from typing import Annotated, Self
from xml.etree.ElementTree import Element

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.xml import parse_xml

_SIGNATURE = ("family", "model", "stepping")


class HostCpu(Fact, frozen=True, kw_only=True):
    """The CPU that a guest with mode host-passthrough sees."""

    arch: str
    vendor: str | None
    #: Family, model and stepping; None if libvirt does not report them (it does for x86, since 6.2).
    signature: tuple[str, ...] | None
    microcode: str | None
    #: The nearest named model of libvirt; another libvirt release may choose another one.
    model: str | None
    #: Features of the CPU beyond that model.
    features: frozenset[str]
    #: Frequency of the time stamp counter in Hz; None if libvirt does not report it.
    tsc_frequency: int | None
    #: True if the CPU can provide guests with a frequency other than its own.
    tsc_scaling: bool

    @classmethod
    def parse(cls, capabilities: Annotated[Record, "libvirt.capabilities"]) -> Self:
        """Parse the XML of virConnectGetCapabilities."""
        cpu = parse_xml(capabilities.required()).find("host/cpu")
        if cpu is None or not cpu.findtext("arch"):
            raise Unreadable("libvirt's capabilities do not describe the host's CPU")
        counter = cpu.find("counter[@name='tsc']")
        frequency = _attribute(counter, "frequency") or ""
        is_number = frequency.isascii() and frequency.isdigit() and len(frequency) < 16
        signature = cpu.find("signature")
        return cls(
            arch=(cpu.findtext("arch") or "").strip(),
            vendor=cpu.findtext("vendor"),
            signature=None if signature is None else tuple(signature.get(part, "") for part in _SIGNATURE),
            microcode=_attribute(cpu.find("microcode"), "version"),
            model=cpu.findtext("model"),
            features=frozenset(feature.get("name", "") for feature in cpu.iterfind("feature")),
            tsc_frequency=int(frequency) if is_number else None,
            tsc_scaling=_attribute(counter, "scaling") == "yes",
        )


def _attribute(element: Element | None, name: str) -> str | None:
    return None if element is None else element.get(name)
