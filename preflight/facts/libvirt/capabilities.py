"""Capabilities of a host's libvirt: the emulators and machine types of each guest architecture."""

from collections.abc import Iterator
from typing import Annotated, Self
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.xml import parse_xml


class Machine(Struct, frozen=True, kw_only=True):
    """Name of a machine type."""

    name: str
    #: The versioned type that an alias ("pc", "q35") stands for; None for a name that is not an alias.
    canonical: str | None
    #: Maximum number of virtual CPUs; None if libvirt does not report it.
    max_cpus: int | None
    deprecated: bool


class Platform(Struct, frozen=True, kw_only=True):
    """Emulator and machine types for one kind of guest: an architecture with a domain type."""

    #: x86_64, aarch64…
    arch: str
    #: kvm, qemu…
    virt_type: str
    emulator: str
    machines: tuple[Machine, ...]


class Capabilities(Fact, frozen=True, kw_only=True):
    """The result of virConnectGetCapabilities."""

    #: The host's own architecture.
    arch: str
    platforms: tuple[Platform, ...]
    #: The security drivers in use, as ("apparmor", "dac"), without "none".
    security_models: tuple[str, ...]
    #: What its CPUs can allocate through resctrl: cache, memory_bandwidth.
    allocated: frozenset[str]

    @property
    def kvm(self) -> bool:
        """True if guests of the host's own architecture can run with KVM."""
        return any(one.virt_type == "kvm" and one.arch == self.arch for one in self.platforms)

    @property
    def emulators(self) -> tuple[str, ...]:
        """The paths of all emulators that libvirt found."""
        return tuple(dict.fromkeys(one.emulator for one in self.platforms))

    def emulator_known(self, emulator: str) -> bool:
        """Report whether libvirt found the binary in PATH. Others may exist that it did not find."""
        return emulator in self.emulators

    def machines(self, arch: str, virt_type: str, emulator: str | None = None) -> tuple[str, ...]:
        """Return all names of machine types for such guests, including aliases; for any emulator if none is given."""
        return tuple(dict.fromkeys(machine.name for machine in self._machines(arch, virt_type, emulator)))

    def supports_machine(self, arch: str, virt_type: str, emulator: str | None, machine: str) -> bool:
        """Report whether such a guest could start; any emulator counts if libvirt did not find the given one."""
        known = emulator if emulator is not None and self.emulator_known(emulator) else None
        return machine in self.machines(arch, virt_type, known)

    def canonical(self, machine: str, arch: str | None = None) -> str:
        """Resolve an alias on this host ("q35" to "pc-q35-7.2"); any other name is returned unchanged."""
        for one in self._machines(arch or self.arch, None, None):
            if one.name == machine and one.canonical is not None:
                return one.canonical
        return machine

    def _machines(self, arch: str, virt_type: str | None, emulator: str | None) -> Iterator[Machine]:
        for one in self.platforms:
            if one.arch == arch and virt_type in {None, one.virt_type} and emulator in {None, one.emulator}:
                yield from one.machines

    @classmethod
    def parse(cls, capabilities: Annotated[Record, "libvirt.capabilities"]) -> Self:
        """Parse the XML."""
        root = parse_xml(capabilities.required())
        arch = root.findtext("host/cpu/arch")
        if root.tag != "capabilities" or not arch:
            raise Unreadable("libvirt's capabilities do not name the host's architecture")
        models = (model.text or "" for model in root.iterfind("host/secmodel/model"))
        return cls(
            arch=arch.strip(),
            platforms=tuple(_platforms(root)),
            security_models=tuple(model for model in models if model not in {"", "none"}),
            allocated=frozenset(
                name for name in ("cache", "memory_bandwidth") if root.find(f"host/{name}//control") is not None
            ),
        )


def _platforms(root: Element) -> Iterator[Platform]:
    for arch in root.iterfind("guest/arch"):
        common = tuple(_machines(arch))
        for domain in arch.iterfind("domain"):
            # elements inside <domain> override those next to it
            emulator = domain.findtext("emulator") or arch.findtext("emulator")
            if emulator:
                yield Platform(
                    arch=arch.get("name", ""),
                    virt_type=domain.get("type", ""),
                    emulator=emulator,
                    machines=tuple(_machines(domain)) or common,
                )


def _machines(element: Element) -> Iterator[Machine]:
    for machine in element.iterfind("machine"):
        most = machine.get("maxCpus", "")
        yield Machine(
            name=machine.text or "",
            canonical=machine.get("canonical"),
            max_cpus=int(most) if most.isascii() and most.isdigit() and len(most) < 10 else None,
            deprecated=machine.get("deprecated") == "yes",
        )
