"""What a guest's memory and virtual CPUs are to lie on, as its XML has it: huge pages, NUMA nodes, CPUs."""

from collections.abc import Iterator, Mapping
from typing import Self
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import KIB_IN, Guest
from preflight.facts.text.number_set import number_set
from preflight.facts.text.xml import parse_xml

#: KiB from which on a limit is none (VIR_DOMAIN_MEMORY_PARAM_UNLIMITED of include/libvirt/libvirt-domain.h).
_UNLIMITED = 9_007_199_254_740_991


class GuestBacking(Struct, frozen=True, kw_only=True):
    """`<memoryBacking>`, `<memtune>`, `<numatune>` and the pinning of one guest."""

    #: KiB of memory by the size in KiB of the huge pages that it lies on, None for the destination's default size.
    huge: Mapping[int | None, int] = {}
    #: Whether it lies in files, in memory_backing_dir of qemu.conf.
    in_files: bool = False
    #: Whether `<memtune>` limits what its QEMU may take, and so lock, of the host's memory.
    has_hard_limit: bool = False
    #: The host's NUMA nodes that are named.
    nodes: frozenset[int] = frozenset()
    #: By what is pinned ("virtual CPU 0", "the emulator") the host's CPUs that it may run on.
    pinned: Mapping[str, frozenset[int]] = {}

    @classmethod
    def of(cls, guest: Guest) -> Self:
        """Read the guest's XML; raises `Unreadable` on lists of numbers that are none."""
        root = parse_xml(guest.xml)
        nodes: frozenset[int] = frozenset()
        for one in (*root.iterfind("numatune/memory"), *root.iterfind("numatune/memnode")):
            if one.get("placement") != "auto":  # numad advises, each host its own
                nodes |= number_set(one.get("nodeset", ""))
        return cls(
            huge=_huge(root, guest),
            has_hard_limit=_has_hard_limit(root),
            in_files=root.find("memoryBacking/source[@type='file']") is not None,
            nodes=nodes,
            pinned=dict(_pinned(root, guest)),
        )


def _has_hard_limit(root: Element) -> bool:
    limit = root.find("memtune/hard_limit")
    return limit is not None and _kib(limit.text, limit.get("unit", "KiB")) < _UNLIMITED


def _huge(root: Element, guest: Guest) -> Mapping[int | None, int]:
    """A page without a nodeset is for every cell that no other page names (virDomainHugepagesFormat's rule)."""
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
        wanted[of_cell.get(0, usual)] = guest.memory_kib
    # pages of the usual size are no huge pages: libvirt takes them for what every guest has
    return {size: kib for size, kib in wanted.items() if size != 4 or guest.arch not in ("x86_64", "i686")}


def _pinned(root: Element, guest: Guest) -> Iterator[tuple[str, frozenset[int]]]:
    own = 0
    for pin in root.iterfind("cputune/vcpupin"):
        number = _number(pin.get("vcpu"))
        if number is not None and number < guest.vcpus:  # libvirt passes over one that the guest does not have
            own += 1
            yield f"virtual CPU {number}", number_set(pin.get("cpuset", ""))
    emulator = root.find("cputune/emulatorpin")
    if emulator is not None:
        yield "the emulator", number_set(emulator.get("cpuset", ""))
    vcpu = root.find("vcpu")
    usual = "" if vcpu is None or vcpu.get("placement") == "auto" else vcpu.get("cpuset", "")
    if usual and (own < guest.vcpus or emulator is None):  # for what has no list of its own
        yield "the guest", number_set(usual)
    for pin in root.iterfind("cputune/iothreadpin"):
        yield f"I/O thread {pin.get('iothread', '')}", number_set(pin.get("cpuset", ""))


def _kib(text: str | None, unit: str) -> int:
    number = _number(text)
    if number is None or unit not in KIB_IN:
        raise Unreadable(f"its XML has an invalid size: {text} {unit}")
    return number * KIB_IN[unit]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
