"""Which of these guests, in this order, the destination has memory for: ordinary memory and huge pages."""

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
    """One kind of memory at the destination, in KiB, and which guests it is enough for."""

    #: "memory", or "huge pages of 2048 KiB".
    name: str
    #: What could be given out now, and what of it the guests that run there may still take.
    free: int
    promised: int
    #: The guests that need it, in the order in which they are moved, and what each needs.
    wanted: tuple[tuple[str, int], ...]

    @property
    def left(self) -> int:
        """What is to be had."""
        return max(0, self.free - self.promised)

    @property
    def fitting(self) -> tuple[str, ...]:
        """Those that find room, until the first that does not."""
        found, left = [], self.left
        for name, needs in self.wanted:
            left -= needs
            if left < 0:
                break
            found.append(name)
        return tuple(found)

    @property
    def first_without(self) -> tuple[str, int, int] | None:
        """The first that finds no room, what it needs and what those before it leave; None when all find some."""
        fits = len(self.fitting)
        if fits == len(self.wanted):
            return None
        name, needs = self.wanted[fits]
        return name, needs, self.left - sum(taken for _, taken in self.wanted[:fits])


def rooms(checked: Checked) -> tuple[Room, ...]:
    """One for each kind of memory that the guests which run need; raises `Unreadable` with why it is not known."""
    there = checked.destination.fact(HostMemory).told()
    of_memory: list[tuple[str, int]] = []
    of_pages: dict[int, list[tuple[str, int]]] = {}
    for guest in checked.guests:
        if not guest.running:
            continue
        backing = GuestBacking.of(guest)
        for size, kib in _sizes(backing.huge, there):
            of_pages.setdefault(size, []).append((guest.name, -(-kib // size) * size))
        if not backing.huge and not backing.in_files:
            of_memory.append((guest.name, guest.current_memory_kib))
    found = []
    if of_memory:
        if there.available_kib is None:
            raise Unreadable("the destination's kernel does not report how much memory is available")
        found.append(Room("memory", there.available_kib, _promised(checked.destination), tuple(of_memory)))
    for size, wanted in of_pages.items():
        pool = there.pages.get(size)
        found.append(Room(f"huge pages of {size} KiB", pool.to_be_had * size if pool else 0, 0, tuple(wanted)))
    return tuple(found)


def _sizes(huge: Mapping[int | None, int], there: HostMemory) -> Iterator[tuple[int, int]]:
    for size, kib in huge.items():
        known = size or there.default_page_kib
        if known is None:
            raise Unreadable("the destination's kernel has no huge pages")
        yield known, kib


def _promised(host: Host) -> int:
    """KiB that the guests which run there have not touched yet, of what each may have."""
    touched = host.fact(GuestMemory).touched_kib
    running = [guest for guest in host.fact(Guests).all if guest.running and _in_ordinary_memory(guest)]
    return sum(max(0, guest.current_memory_kib - touched.get(guest.name, 0)) for guest in running)


def _in_ordinary_memory(guest: Guest) -> bool:
    backing = GuestBacking.of(guest)
    return not backing.huge and not backing.in_files
