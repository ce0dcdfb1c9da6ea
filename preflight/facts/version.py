"""Release numbers of libvirt and QEMU that can be compared."""

from typing import Self

from msgspec import Struct


class Version(Struct, frozen=True, order=True):
    """A release, as "9.0.0"."""

    major: int
    minor: int = 0
    release: int = 0

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the release from a number of libvirt's API: major * 1,000,000 + minor * 1,000 + release."""
        return cls(number // 1_000_000, number // 1_000 % 1_000, number % 1_000)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the release for "9.0.0"; raises `ValueError` for text that is no number."""
        return cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.release}"
