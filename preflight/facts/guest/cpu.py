"""The CPU of a guest, as its live XML has it."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.guest.guests import Guest
from preflight.facts.text.xml import parse_xml

#: Architectures whose CPUs libvirt compares feature by feature, under names of one list.
X86 = frozenset(("x86_64", "i686"))


class GuestCpu(Struct, frozen=True, kw_only=True):
    """One `<cpu>`."""

    #: custom, host-model, host-passthrough or maximum; None where the XML leaves the CPU to QEMU.
    mode: str | None = None
    model: str | None = None
    #: none, partial or full: what libvirt compares when it starts the guest. Of an active one it is full, or none.
    check: str | None = None
    #: The feature's policy by its name, in the XML's order.
    features: Mapping[str, str] = {}
    #: False where features that cannot be migrated are let in (migratable='off').
    migratable: bool = True
    #: How many virtual CPUs share a socket; 1 where the XML sets no topology.
    in_a_socket: int = 1
    #: The frequency in Hz that the guest's time stamp counter is set to; None when it is left to the host.
    tsc_frequency: int | None = None

    @property
    def is_the_hosts(self) -> bool:
        """Whether the guest is given the host's own CPU, of which libvirt checks nothing."""
        return self.mode in ("host-passthrough", "maximum")

    def requires(self, feature: str) -> bool:
        """Whether the XML asks for the feature beyond what the model has."""
        return self.features.get(feature) in ("require", "force")

    @classmethod
    def of(cls, guest: Guest) -> Self:
        """Read the guest's XML."""
        root = parse_xml(guest.xml)
        cpu = root.find("cpu")
        timer = root.find("clock/timer[@name='tsc']")
        frequency = _number(None if timer is None else timer.get("frequency"))
        if cpu is None:
            return cls(tsc_frequency=frequency)
        topology = cpu.find("topology")
        in_a_socket = 1
        if topology is not None:
            for level in ("dies", "clusters", "modules", "cores", "threads"):
                in_a_socket *= _number(topology.get(level)) or 1
        return cls(
            mode=cpu.get("mode"),
            model=(cpu.findtext("model") or "").strip() or None,
            check=cpu.get("check"),
            features={one.get("name", ""): one.get("policy", "require") for one in cpu.iterfind("feature")},
            migratable=cpu.get("migratable") != "off",
            in_a_socket=in_a_socket,
            tsc_frequency=frequency,
        )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
