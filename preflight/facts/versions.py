"""Which libvirt and which QEMU a host runs, as its daemon says."""

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, Field, ValidationError

from preflight.facts.record import Fact, Record, Unreadable


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release, as "9.0.0"."""

    major: int
    minor: int = 0
    release: int = 0

    @classmethod
    def of(cls, number: int) -> Self:
        """The release that libvirt's API writes as one number: major * 1,000,000 + minor * 1,000 + release."""
        return cls(number // 1_000_000, number // 1_000 % 1_000, number % 1_000)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.release}"


class Versions(Fact):
    """The releases in force, from the daemon that was asked."""

    #: The daemon's own release, not that of the client library.
    libvirt: Version
    #: The release of the QEMU binary that libvirt would start for the host's own architecture; guests that run since
    #: before an upgrade have an older one.
    qemu: Version

    @classmethod
    def parse(cls, libvirt_versions: Record) -> Self:
        """Read the numbers that the collector got from virConnectGetLibVersion and virConnectGetVersion."""
        try:
            answer = _Answer.model_validate_json(libvirt_versions.required())
        except ValidationError:
            raise Unreadable("libvirt's versions are not of the form that preflight collects") from None
        if answer.type.upper() != "QEMU":
            raise Unreadable(f"the hypervisor is {answer.type}, not QEMU")
        return cls(libvirt=Version.of(answer.libvirt), qemu=Version.of(answer.hypervisor))


class _Answer(BaseModel, strict=True):
    """The record as the collector writes it."""

    libvirt: int = Field(gt=0, lt=10**9)
    hypervisor: int = Field(gt=0, lt=10**9)
    type: str
