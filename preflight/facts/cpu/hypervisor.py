"""CPU features available to guests on a host, and those of its running guests, as reported by its libvirt."""

from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable, read_json


class GuestType(Struct, frozen=True, kw_only=True):
    """CPU models and features available to guests of one type, kvm or qemu."""

    #: The CPU models that both libvirt and QEMU know, usable or not.
    models: frozenset[str] = frozenset()
    #: All features available to a guest's CPU, by libvirt's names, except those that follow from its topology (ht,
    #: topoext).
    features: frozenset[str] = frozenset()
    #: Reason why they are unknown, or None.
    error: str | None = None


class _Guest(Struct, frozen=True, kw_only=True):
    features: frozenset[str] | None = None
    error: str | None = None


class HypervisorCpus(Fact, frozen=True, kw_only=True):
    """The CPUs of guests on a host."""

    types: Mapping[str, GuestType] = {}
    guests: Mapping[str, _Guest] = {}
    #: Reason why libvirt did not report them, or None.
    error: str | None = None
    #: Every feature that this libvirt has a name for; None if its list is not in the usual place.
    names: frozenset[str] | None = None

    def of(self, virt_type: str) -> GuestType:
        """Return the models and features available to guests of this type; raises `Unreadable`."""
        found = self.types.get(virt_type)
        if found is None or found.error is not None:
            reason = self.error if found is None else found.error
            raise Unreadable(f"the CPU features available to {virt_type} guests are unknown: {reason or 'not asked'}")
        return found

    def of_guest(self, uuid: str) -> frozenset[str]:
        """Return the features of a running guest's CPU, including those of its model; raises `Unreadable`."""
        found = self.guests.get(uuid)
        if found is None or found.features is None:
            reason = self.error if found is None else found.error
            raise Unreadable(f"the features of the guest's CPU are unknown: {reason or 'libvirt does not report them'}")
        return found.features

    def knows(self, feature: str) -> bool:
        """Report whether this libvirt has a name for the feature; raises `Unreadable`."""
        if self.names is None:
            raise Unreadable("libvirt's list of CPU features, cpu_map/x86_features.xml, could not be read")
        return feature in self.names

    @classmethod
    def parse(
        cls, cpus: Annotated[Record, "libvirt.cpus", OPTIONAL], features: Annotated[Record, "cpu-features", OPTIONAL]
    ) -> Self:
        """Parse the collector's summary of libvirt's answers, and the names in libvirt's list of features."""
        names = frozenset(features.out.split()) if features.code == 0 else frozenset()
        try:
            text = cpus.required()
        except Unreadable as why:
            return cls(error=str(why), names=names or None)
        answer = read_json(text, _Answer, "the CPUs of guests are")
        return cls(types=answer.types, guests=answer.guests, names=names or None)


class _Answer(Struct, frozen=True, kw_only=True):
    types: dict[str, GuestType]
    guests: dict[str, _Guest]
