"""How much memory each active guest has touched: what a migration has to send."""

import re
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, read_json

#: KiB that a QEMU holds for itself: 7.2 and 10.0 on the lab held 38 MiB more than their guests had touched.
_OWN_KIB = 38 * 1024
_GUEST = re.compile(r"guest (\d{1,15}) (.+)", re.ASCII)


class GuestMemory(Fact, frozen=True, kw_only=True):
    """By guest's name the KiB of its memory that it has touched; what it freed again counts until its QEMU gives it up.

    Counted are the pages that QEMU's process has of what it keeps from its children (madvise(2), MADV_DONTFORK): the
    guest's memory and its devices' (ram_block_add, system/physmem.c). Where the host does not let that be looked at,
    it is what the whole process holds (`balloon.rss` of virConnectGetAllDomainStats) less what a QEMU takes for itself.
    """

    touched_kib: Mapping[str, int]

    @classmethod
    def parse(cls, memory: Record, mapped: Record) -> Self:
        """Read what the collector made of libvirt's statistics, and a line a guest with what its QEMU has mapped."""
        told = read_json(memory.required(), _Told, "the guests' memory is")
        touched = {name: max(0, kib - _OWN_KIB) for name, kib in told.rss.items() if kib is not None}
        looked_at = (_GUEST.fullmatch(line) for line in mapped.out.splitlines())
        return cls(touched_kib=touched | {found[2]: int(found[1]) for found in looked_at if found is not None})


class _Told(Struct, frozen=True):
    rss: dict[str, int | None]
