"""The CPU of a guest, from its live XML."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.guest.guests import Guest
from preflight.facts.text.xml import parse_xml

#: Architectures whose CPUs libvirt compares feature by feature, with names from one list.
X86 = frozenset(("x86_64", "i686"))


class GuestCpu(Struct, frozen=True, kw_only=True):
    """`<cpu>` element of a guest."""

    #: custom, host-model, host-passthrough or maximum; None if the XML leaves the CPU to QEMU.
    mode: str | None = None
    model: str | None = None
    #: none, partial or full: the comparison that libvirt makes at start. For an active guest it is full or none.
    check: str | None = None
    #: Policies by feature name, in the order of the XML.
    features: Mapping[str, str] = {}
    #: False if features that cannot be migrated are allowed (migratable='off').
    migratable: bool = True
    #: Number of virtual CPUs per socket; 1 if the XML sets no topology.
    in_a_socket: int = 1
    #: The frequency in Hz that the guest's time stamp counter is set to; None if it is left to the host.
    tsc_frequency: int | None = None

    @property
    def is_the_hosts(self) -> bool:
        """True if the guest has the host's own CPU, which libvirt does not check."""
        return self.mode in ("host-passthrough", "maximum")

    def requires(self, feature: str) -> bool:
        """Report whether the XML requires the feature in addition to the model."""
        return self.features.get(feature) in ("require", "force")

    @classmethod
    def of(cls, guest: Guest) -> Self:
        """Parse the guest's XML."""
        root = parse_xml(guest.as_it_runs)
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
