"""What the CPUs of guests can have on a host, and what those of its running guests have, as its libvirt says."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable, read_json


class GuestType(Struct, frozen=True, kw_only=True):
    """What guests of one type, kvm or qemu, can have here."""

    #: The CPU models that both libvirt and QEMU know, usable or not.
    models: frozenset[str] = frozenset()
    #: All that a guest's CPU can have, by libvirt's names; what comes with its topology (ht, topoext) is not among it.
    features: frozenset[str] = frozenset()
    #: Why that is not known; None when it is.
    error: str | None = None


class _Guest(Struct, frozen=True, kw_only=True):
    features: frozenset[str] | None = None
    error: str | None = None


class HypervisorCpus(Fact, frozen=True, kw_only=True):
    """Guests' CPUs on a host."""

    types: Mapping[str, GuestType] = {}
    guests: Mapping[str, _Guest] = {}
    #: Why libvirt did not tell; None when it did.
    error: str | None = None
    #: Every feature that this libvirt has a name for; None where its list is not where it usually is.
    names: frozenset[str] | None = None

    def of(self, virt_type: str) -> GuestType:
        """What guests of this type can have; raises `Unreadable`."""
        found = self.types.get(virt_type)
        if found is None or found.error is not None:
            reason = self.error if found is None else found.error
            raise Unreadable(f"the CPU features available to {virt_type} guests are unknown: {reason or 'not asked'}")
        return found

    def of_guest(self, uuid: str) -> frozenset[str]:
        """The features of a running guest's CPU, those that its model stands for too; raises `Unreadable`."""
        found = self.guests.get(uuid)
        if found is None or found.features is None:
            reason = self.error if found is None else found.error
            raise Unreadable(f"the features of the guest's CPU are unknown: {reason or 'libvirt does not report them'}")
        return found.features

    def knows(self, feature: str) -> bool:
        """Whether this libvirt has a name for the feature; raises `Unreadable`."""
        if self.names is None:
            raise Unreadable("libvirt's list of CPU features, cpu_map/x86_features.xml, could not be read")
        return feature in self.names

    @classmethod
    def parse(cls, cpus: Record, features: Record) -> Self:
        """Read what the collector made of libvirt's answers, and the names out of libvirt's list of features."""
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
