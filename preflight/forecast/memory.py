"""The guests that fit into the destination's memory, in this order: ordinary memory and huge pages."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.guest.backing import GuestBacking
from preflight.facts.guest.guests import Guests
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.memory.host import HostMemory
from preflight.host import Guest, Host
from preflight.judge.check import Checked


class Room(Struct, frozen=True):
    """A kind of memory on the destination, in KiB, and the guests that need it."""

    #: "memory", or "huge pages of 2048 KiB".
    name: str
    #: Memory that is available now, and the part of it that the guests running there may still use.
    free: int
    promised: int
    #: The guests that need it, in the order of their migration, and how much each needs.
    wanted: tuple[tuple[str, int], ...]

    @property
    def left(self) -> int:
        """Return the memory that is left for arriving guests."""
        return max(0, self.free - self.promised)

    @property
    def fitting(self) -> tuple[str, ...]:
        """Return the guests that fit, up to the first that does not."""
        found, left = [], self.left
        for name, needs in self.wanted:
            left -= needs
            if left < 0:
                break
            found.append(name)
        return tuple(found)

    @property
    def first_without(self) -> tuple[str, int, int] | None:
        """Return the first guest that does not fit, its need and what those before it leave; None if all fit."""
        fits = len(self.fitting)
        if fits == len(self.wanted):
            return None
        name, needs = self.wanted[fits]
        return name, needs, self.left - sum(taken for _, taken in self.wanted[:fits])


class Need(Struct, frozen=True):
    """Memory in KiB that a running guest needs on its destination: ordinary memory, and huge pages by their size."""

    memory: int
    huge: Mapping[int, int]


def need_of(guest: Guest, default_page_kib: int | None) -> Need:
    """Return what a guest needs; raises `Unreadable` if it needs huge pages of a default size that is not known.

    Memory in huge pages is rounded up to whole pages. Memory in files is not counted: it has its own file system.
    """
    backing = GuestBacking.of(guest)
    huge = {size: -(-kib // size) * size for size, kib in _sizes(backing.huge, default_page_kib)}
    return Need(0 if huge or backing.in_files else guest.current_memory_kib, huge)


def rooms(checked: Checked) -> tuple[Room, ...]:
    """Return a room for each kind of memory that running guests need; raises `Unreadable` if it is not known."""
    there = checked.destination.fact(HostMemory).told()
    of_memory: list[tuple[str, int]] = []
    of_pages: dict[int, list[tuple[str, int]]] = {}
    for guest in checked.guests:
        if not guest.running:
            continue
        need = need_of(guest, there.default_page_kib)
        for size, kib in need.huge.items():
            of_pages.setdefault(size, []).append((guest.name, kib))
        if need.memory:
            of_memory.append((guest.name, need.memory))
    found = []
    if of_memory:
        if there.available_kib is None:
            raise Unreadable("the destination's kernel does not report how much memory is available")
        found.append(Room("memory", there.available_kib, promised(checked.destination), tuple(of_memory)))
    for size, wanted in of_pages.items():
        found.append(Room(f"huge pages of {size} KiB", free_pages(there).get(size, 0) * size, 0, tuple(wanted)))
    return tuple(found)


def free_pages(there: HostMemory) -> Mapping[int, int]:
    """Return how many huge pages a host has left, by their size in KiB."""
    return {size: pool.to_be_had for size, pool in there.pages.items()}


def _sizes(huge: Mapping[int | None, int], default_page_kib: int | None) -> Iterator[tuple[int, int]]:
    for size, kib in huge.items():
        known = size or default_page_kib
        if known is None:
            raise Unreadable("the destination's kernel has no huge pages")
        yield known, kib


def promised(host: Host) -> int:
    """Return the KiB that running guests may use but have not touched yet; raises `Unreadable`."""
    touched = host.fact(GuestMemory).touched_kib
    running = [guest for guest in host.fact(Guests).all if guest.running and _in_ordinary_memory(guest)]
    return sum(max(0, guest.current_memory_kib - touched.get(guest.name, 0)) for guest in running)


def _in_ordinary_memory(guest: Guest) -> bool:
    backing = GuestBacking.of(guest)
    return not backing.huge and not backing.in_files
