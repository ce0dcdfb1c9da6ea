"""A host's memory and topology: its huge pages, its NUMA nodes and CPUs."""

import re
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import parse_conf
from preflight.facts.text.mounts import Mounts
from preflight.facts.text.number_set import number_set

_PAGES = re.compile(r"/sys/kernel/mm/hugepages/hugepages-(\d{1,9})kB/(\w+)_hugepages:(\d{1,18})")
_MEMORY = re.compile(r"/proc/meminfo:(\w+): +(\d{1,18}) kB")
_ONLINE = re.compile(r"/sys/devices/system/(node|cpu)/online:([\d,-]{0,4000})")
_UNITS = {"": 1 / 1024, "K": 1, "M": 1024, "G": 1024**2}


class HugePages(Struct, frozen=True, kw_only=True):
    """The pool of huge pages of one size, in pages."""

    free: int
    #: Of those that are free, how many are promised to someone who has not touched them yet.
    reserved: int
    #: Pages that the kernel may make beyond the pool when they are asked for, and those of them that it has made.
    overcommit: int = 0
    surplus: int = 0

    @property
    def to_be_had(self) -> int:
        """The most that a program could be given now."""
        return max(0, self.free - self.reserved) + max(0, self.overcommit - self.surplus)


class HugeMount(Struct, frozen=True, kw_only=True):
    """One mount of hugetlbfs."""

    point: str
    #: The size of its pages in KiB; None when the table of mounts does not tell.
    page_kib: int | None

    @property
    def marker(self) -> str:
        """The directory that a daemon makes when it starts and finds the mount (qemuStateInitialize)."""
        return f"{self.point.rstrip('/')}/libvirt/qemu"


class HostMemory(Fact, frozen=True, kw_only=True):
    """Huge pages by the size of a page in KiB, and the numbers of the NUMA nodes and CPUs that are on."""

    #: The size of huge page that is meant where none is named; None where the kernel has none.
    default_page_kib: int | None = None
    pages: Mapping[int, HugePages] = {}
    #: The mounts of hugetlbfs that libvirt may use: all, or those that its qemu.conf names.
    mounts: tuple[HugeMount, ...] = ()
    #: None where the kernel does not tell.
    nodes: frozenset[int] | None = None
    cpus: frozenset[int] | None = None
    #: KiB that programs could be given without swapping, as the kernel estimates (MemAvailable; it counts no huge
    #: pages); None where it does not tell.
    available_kib: int | None = None
    #: KiB of swap that is free.
    swap_free_kib: int = 0
    #: Why the host did not tell; None when it did.
    error: str | None = None

    def page_size(self, asked: int | None, mounts: tuple[HugeMount, ...]) -> int | None:
        """The size in KiB of the pages that a guest gets from these mounts, of which there is one at least.

        A guest that names no size gets those of the mount of the kernel's default size, else of the first.
        """
        sizes = [mount.page_kib for mount in mounts]
        if asked is not None:
            return asked
        return self.default_page_kib if self.default_page_kib in sizes else sizes[0]

    def told(self) -> Self:
        """This fact; raises `Unreadable` when the host did not tell."""
        if self.error is not None:
            raise Unreadable(f"the host did not report its memory: {self.error}")
        return self

    @classmethod
    def parse(cls, memory: Record, mounts: Record, qemu_conf: Record) -> Self:
        """Read files of /proc and /sys as grep prints them, mountinfo, and of qemu.conf what it says of huge pages.

        Without an answer the reason is kept: few guests need it.
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
    """The mounts that qemu.conf names; None when it names none, or cannot be read."""
    try:
        found = parse_conf("/etc/libvirt/qemu.conf", qemu_conf).get("hugetlbfs_mount")
    except Unreadable:
        return None
    if found is None:
        return None
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    return frozenset(str(value).rstrip("/") for value in values)
