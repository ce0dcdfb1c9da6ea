"""Memory that each active guest has touched, which a migration has to send."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Fact, Record, read_json

#: KiB that QEMU itself uses: 7.2 and 10.0 in the lab held 38 MiB more than their guests had touched.
_OWN_KIB = 38 * 1024
_GUEST = re.compile(r"guest (\d{1,15}) (.+)", re.ASCII)


class GuestMemory(Fact, frozen=True, kw_only=True):
    """Touched memory by guest name, in KiB; memory that the guest has freed counts until its QEMU releases it.

    This counts the resident pages of the QEMU process in mappings that children do not inherit (madvise(2),
    MADV_DONTFORK): the memory of the guest and of its devices (ram_block_add, system/physmem.c). If the host does not
    permit this, it is the resident memory of the whole process (`balloon.rss` of virConnectGetAllDomainStats) minus
    what QEMU itself uses.
    """

    touched_kib: Mapping[str, int]

    @classmethod
    def parse(
        cls, memory: Annotated[Record, "libvirt.memory"], mapped: Annotated[Record, "guest-memory", OPTIONAL]
    ) -> Self:
        """Parse the collector's summary of libvirt's statistics, and a line per guest with its QEMU's mapped memory."""
        told = read_json(memory.required(), _Told, "the guests' memory is")
        touched = {name: max(0, kib - _OWN_KIB) for name, kib in told.rss.items() if kib is not None}
        looked_at = (_GUEST.fullmatch(line) for line in mapped.out.splitlines())
        return cls(touched_kib=touched | {found[2]: int(found[1]) for found in looked_at if found is not None})


class _Told(Struct, frozen=True):
    rss: dict[str, int | None]
