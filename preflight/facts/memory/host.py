"""A host's memory and topology: huge pages, NUMA nodes and CPUs."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import parse_conf
from preflight.facts.text.mounts import Mounts
from preflight.facts.text.number_set import number_set

_PAGES = re.compile(r"/sys/kernel/mm/hugepages/hugepages-(\d{1,9})kB/(\w+)_hugepages:(\d{1,18})")
_MEMORY = re.compile(r"/proc/meminfo:(\w+): +(\d{1,18}) kB")
_ONLINE = re.compile(r"/sys/devices/system/(node|cpu)/online:([\d,-]{0,4000})")
_UNITS = {"": 1 / 1024, "K": 1, "M": 1024, "G": 1024**2}


class HugePages(Struct, frozen=True, kw_only=True):
    """Pool of huge pages of one size, in pages."""

    free: int
    #: Number of free pages that are reserved by processes that have not touched them yet.
    reserved: int
    #: Maximum number of pages that the kernel may allocate on demand beyond the pool, and the number allocated.
    overcommit: int = 0
    surplus: int = 0

    @property
    def to_be_had(self) -> int:
        """Maximum number of pages that a program could get now."""
        return max(0, self.free - self.reserved) + max(0, self.overcommit - self.surplus)


class HugeMount(Struct, frozen=True, kw_only=True):
    """Mount of hugetlbfs."""

    point: str
    #: The size of its pages in KiB; None if it is not in the mount table.
    page_kib: int | None

    @property
    def marker(self) -> str:
        """The directory that a daemon creates at start if it finds the mount (qemuStateInitialize)."""
        return f"{self.point.rstrip('/')}/libvirt/qemu"


class HostMemory(Fact, frozen=True, kw_only=True):
    """Huge pages by page size in KiB, and the numbers of the online NUMA nodes and CPUs."""

    #: The default size of huge pages; None if the kernel has no huge pages.
    default_page_kib: int | None = None
    pages: Mapping[int, HugePages] = {}
    #: The mounts of hugetlbfs that libvirt may use: all, or those named in qemu.conf.
    mounts: tuple[HugeMount, ...] = ()
    #: None if the kernel does not report them.
    nodes: frozenset[int] | None = None
    cpus: frozenset[int] | None = None
    #: All memory in KiB, huge pages included (MemTotal); None if it is not reported.
    total_kib: int | None = None
    #: Memory available to programs without swapping in KiB, as estimated by the kernel (MemAvailable, without huge
    #: pages); None if it is not reported.
    available_kib: int | None = None
    #: Free swap in KiB.
    swap_free_kib: int = 0
    #: Reason why the memory is unknown, or None.
    error: str | None = None

    def page_size(self, asked: int | None, mounts: tuple[HugeMount, ...]) -> int | None:
        """Return the page size in KiB that a guest gets from these mounts, of which there must be at least one.

        A guest that names no size gets pages from the mount with the kernel's default size, otherwise from the first.
        """
        sizes = [mount.page_kib for mount in mounts]
        if asked is not None:
            return asked
        return self.default_page_kib if self.default_page_kib in sizes else sizes[0]

    def told(self) -> Self:
        """Return this fact; raises `Unreadable` if the host did not report its memory."""
        if self.error is not None:
            raise Unreadable(f"the host did not report its memory: {self.error}")
        return self

    @classmethod
    def parse(
        cls,
        memory: Annotated[Record, OPTIONAL],
        mounts: Annotated[Record, OPTIONAL],
        qemu_conf: Annotated[Record, "qemu.conf", OPTIONAL],
    ) -> Self:
        """Parse files of /proc and /sys as printed by grep, mountinfo, and the huge page setting of qemu.conf.

        Without an answer, keep the reason: few guests need it.
        """
        try:
            text, mounted = memory.required(), Mounts.read(mounts.required())
        except Unreadable as why:
            return cls(error=str(why))
        lines = text.splitlines()
        kib = {found[1]: int(found[2]) for line in lines if (found := _MEMORY.fullmatch(line))}
        if "MemTotal" not in kib:
            return cls(error="/proc/meminfo could not be read")
        online = {found[1]: found[2] for line in lines if (found := _ONLINE.fullmatch(line))}
        named = _named(qemu_conf)
        counts: dict[int, dict[str, int]] = {}
        for line in lines:
            if found := _PAGES.fullmatch(line):
                counts.setdefault(int(found[1]), {})[found[2]] = int(found[3])
        return cls(
            default_page_kib=kib.get("Hugepagesize"),
            pages={size: _pool(pool) for size, pool in counts.items()},
            mounts=tuple(
                HugeMount(point=mount.point, page_kib=_page_kib(mount.options))
                for mount in mounted.all
                if mount.type == "hugetlbfs" and (named is None or mount.point in named)
            ),
            nodes=number_set(online["node"]) if "node" in online else None,
            cpus=number_set(online["cpu"]) if "cpu" in online else None,
            total_kib=kib["MemTotal"],
            available_kib=kib.get("MemAvailable"),
            swap_free_kib=kib.get("SwapFree", 0),
        )


def _pool(counts: Mapping[str, int]) -> HugePages:
    return HugePages(
        free=counts.get("free", 0),
        reserved=counts.get("resv", 0),
        overcommit=counts.get("nr_overcommit", 0),
        surplus=counts.get("surplus", 0),
    )


def _page_kib(options: str) -> int | None:
    for option in options.split(","):
        found = re.fullmatch(r"pagesize=(\d{1,9})([KMG]?)", option)
        if found:
            return int(int(found[1]) * _UNITS[found[2]])
    return None


def _named(qemu_conf: Record) -> frozenset[str] | None:
    """Return the mounts that qemu.conf names; None if it names none or cannot be read."""
    try:
        found = parse_conf("/etc/libvirt/qemu.conf", qemu_conf).get("hugetlbfs_mount")
    except Unreadable:
        return None
    if found is None:
        return None
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    return frozenset(str(value).rstrip("/") for value in values)
