"""Placement of a guest's memory and virtual CPUs, from its XML: huge pages, NUMA nodes, CPUs."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import KIB_IN, Guest
from preflight.facts.text.number_set import number_set
from preflight.facts.text.xml import parse_xml

#: KiB from which on a limit means no limit (VIR_DOMAIN_MEMORY_PARAM_UNLIMITED of include/libvirt/libvirt-domain.h).
_UNLIMITED = 9_007_199_254_740_991


class GuestBacking(Struct, frozen=True, kw_only=True):
    """`<memoryBacking>`, `<memtune>`, `<numatune>` and the pinning of one guest."""

    #: KiB of memory by the size in KiB of the huge pages that back it; None stands for the destination's default size.
    huge: Mapping[int | None, int] = {}
    #: True if the memory is backed by files, in memory_backing_dir of qemu.conf.
    in_files: bool = False
    #: KiB of each NVDIMM, by the file that holds its contents.
    files: Mapping[str, int] = {}
    #: True if `<memtune>` limits the host memory that its QEMU may use, and therefore lock.
    has_hard_limit: bool = False
    #: The host NUMA nodes that the XML names.
    nodes: frozenset[int] = frozenset()
    #: Host CPUs that each pinned part ("virtual CPU 0", "the emulator") may run on.
    pinned: Mapping[str, frozenset[int]] = {}

    @classmethod
    def of(cls, guest: Guest) -> "GuestBacking":
        """Parse the guest's XML; raises `Unreadable` on malformed lists of numbers. The last few guests are cached."""
        return _of(guest.xml, guest.arch, guest.memory_kib, guest.vcpus)


@lru_cache(maxsize=256)  # a fleet asks about each guest once for each host that it may go to
def _of(xml: str, arch: str, memory_kib: int, vcpus: int) -> GuestBacking:
    root = parse_xml(xml)
    nodes: frozenset[int] = frozenset()
    for one in (*root.iterfind("numatune/memory"), *root.iterfind("numatune/memnode")):
        if one.get("placement") != "auto":  # placed by numad, on each host separately
            nodes |= number_set(one.get("nodeset", ""))
    return GuestBacking(
        huge=_huge(root, arch, memory_kib),
        has_hard_limit=_has_hard_limit(root),
        files=dict(_files(root)),
        in_files=root.find("memoryBacking/source[@type='file']") is not None,
        nodes=nodes,
        pinned=dict(_pinned(root, vcpus)),
    )


def _has_hard_limit(root: Element) -> bool:
    limit = root.find("memtune/hard_limit")
    return limit is not None and _kib(limit.text, limit.get("unit", "KiB")) < _UNLIMITED


def _huge(root: Element, arch: str, memory_kib: int) -> Mapping[int | None, int]:
    """Sum up the memory by page size; a page without a nodeset is for all other cells (virDomainHugepagesFormat)."""
    pages = root.find("memoryBacking/hugepages")
    if pages is None:
        return {}
    of_cell: dict[int, int | None] = {}
    usual: int | None = None
    for page in pages.iterfind("page"):
        size = _kib(page.get("size"), page.get("unit", "KiB"))
        if page.get("nodeset"):
            of_cell.update(dict.fromkeys(number_set(page.get("nodeset", "")), size))
        else:
            usual = size
    cells = root.findall("cpu/numa/cell")
    wanted: dict[int | None, int] = {}
    for place, cell in enumerate(cells):
        told = _number(cell.get("id"))
        lies_on = of_cell.get(place if told is None else told, usual)
        wanted[lies_on] = wanted.get(lies_on, 0) + _kib(cell.get("memory"), cell.get("unit", "KiB"))
    if not cells:
        wanted[of_cell.get(0, usual)] = memory_kib
    # pages of the usual size are not huge pages: libvirt treats them as ordinary memory
    return {size: kib for size, kib in wanted.items() if size != 4 or arch not in ("x86_64", "i686")}


def _pinned(root: Element, vcpus: int) -> Iterator[tuple[str, frozenset[int]]]:
    own = 0
    for pin in root.iterfind("cputune/vcpupin"):
        number = _number(pin.get("vcpu"))
        if number is not None and number < vcpus:  # libvirt ignores a CPU that the guest does not have
            own += 1
            yield f"virtual CPU {number}", number_set(pin.get("cpuset", ""))
    emulator = root.find("cputune/emulatorpin")
    if emulator is not None:
        yield "the emulator", number_set(emulator.get("cpuset", ""))
    vcpu = root.find("vcpu")
    usual = "" if vcpu is None or vcpu.get("placement") == "auto" else vcpu.get("cpuset", "")
    if usual and (own < vcpus or emulator is None):  # for parts without a list of their own
        yield "the guest", number_set(usual)
    for pin in root.iterfind("cputune/iothreadpin"):
        yield f"I/O thread {pin.get('iothread', '')}", number_set(pin.get("cpuset", ""))


def _files(root: Element) -> Iterator[tuple[str, int]]:
    for device in root.iterfind("devices/memory"):
        path, size = device.findtext("source/path", "").strip(), device.find("target/size")
        if path.startswith("/") and size is not None:
            yield path, _kib(size.text, size.get("unit", "KiB"))


def _kib(text: str | None, unit: str) -> int:
    number = _number(text)
    if number is None or unit not in KIB_IN:
        raise Unreadable(f"its XML has an invalid size: {text} {unit}")
    return number * KIB_IN[unit]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
