"""How much memory each active guest has touched: what a migration has to send."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.record import Fact, Record, read_json


class GuestMemory(Fact, frozen=True, kw_only=True):
    """By guest's name the KiB that its QEMU holds (`balloon.rss` of virConnectGetAllDomainStats).

    A little more than what the guest touched, since QEMU's own memory is in it; a guest that freed memory to its
    balloon or never used it holds less than it may have.
    """

    resident_kib: Mapping[str, int]

    @classmethod
    def parse(cls, memory: Record) -> Self:
        """Read what the collector made of libvirt's statistics."""
        told = read_json(memory.required(), _Told, "the guests' memory is")
        return cls(resident_kib={name: kib for name, kib in told.rss.items() if kib is not None})


class _Told(Struct, frozen=True):
    rss: dict[str, int | None]
