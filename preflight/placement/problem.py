"""A placement problem: the guests of a source, the destinations, and what limits them. Values; no host is asked.

Names are unique: a guest's on the source, a destination's among the destinations. `wrong` finds what is not.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from msgspec import Meta, Struct

#: A number of things, or an amount, that is not negative.
Count = Annotated[int, Meta(ge=0)]
#: MiB/s of a link.
Speed = Annotated[float, Meta(gt=0)]
#: Seconds.
Seconds = Annotated[float, Meta(ge=0)]


class Guest(Struct, frozen=True, kw_only=True):
    """A guest of the source: what it needs on a destination, and what has to be sent."""

    name: str
    uuid: str = ""
    #: False for a guest that is off: its definition moves, it needs no memory, no pages, no CPUs and no port.
    active: bool = True
    #: Ordinary memory that must be free on the destination, in KiB, and memory in huge pages by their size in KiB.
    memory_kib: Count = 0
    huge_kib: Mapping[int, Count] = {}
    #: Memory that the guest has touched, in KiB, which is sent; None if it is not known, so that all of it counts.
    touched_kib: Count | None = None
    #: KiB/s at which the guest dirties memory; None if it was not measured, and counts as 0.
    dirty_kib: Count | None = None
    vcpus: Count = 1
    #: Bytes of disks that are copied; they must be free on a destination whose `disk_bytes` is known.
    disk_bytes: Count = 0
    #: How much it matters that this guest leaves.
    weight: Annotated[int, Meta(ge=1)] = 1
    #: The destinations whose way was judged for this guest: READY if there is no reason against it. A destination that
    #: is missing was not judged, and is never used.
    ways: Mapping[str, tuple[str, ...]] = {}

    @property
    def all_kib(self) -> int:
        """Return the memory in KiB, of all kinds."""
        return self.memory_kib + sum(self.huge_kib.values())

    def is_ready(self, destination: str) -> bool:
        """Report whether the way to this destination is READY."""
        return self.ways.get(destination, ("",)) == ()


class End(Struct, frozen=True, kw_only=True):
    """A host, and what limits the migrations at its end."""

    name: str
    #: MiB/s that all its migrations share; None if it is not known.
    link: Speed | None = None
    #: Most migrations at once, and the name of the limit that says so; None if there is no limit.
    width: Count | None = None
    width_because: str = ""
    #: Seconds between two starts, as a firewall's rate wants them, and the name of the limit.
    spacing: Seconds = 0.0
    spacing_because: str = ""


class Source(End, frozen=True, kw_only=True):
    """The host that is emptied."""


class Destination(End, frozen=True, kw_only=True):
    """A host that takes guests, and its room."""

    #: Ordinary memory that is free, in KiB, of which `reserve_kib` must stay free.
    free_kib: Count
    reserve_kib: Count = 0
    #: Free huge pages, in pages by their size in KiB.
    free_pages: Mapping[int, Count] = {}
    #: Physical CPUs, the vCPUs of the guests that run there, and the most vCPUs a CPU; None for no such limit.
    cpus: Count = 0
    vcpus: Count = 0
    overcommit: Annotated[float, Meta(gt=0)] | None = None
    #: Free ports in the migration range; None if there is no limit.
    ports: Count | None = None
    #: Free bytes for disks that are copied; None if they are not limited.
    disk_bytes: Count | None = None
    #: The names of the guests that are there already, for groups.
    guests: tuple[str, ...] = ()
    #: The greater, the rather it is filled.
    weight: Annotated[float, Meta(gt=0)] = 1.0


class Group(Struct, frozen=True, kw_only=True):
    """Guests that must not be on one destination, or must be on the same one; some may be there already."""

    guests: tuple[str, ...]
    #: How the user asked for it, as "--keep-apart db1,db2".
    text: str


class Problem(Struct, frozen=True, kw_only=True):
    """All that the answer depends on. The same problem has the same answer, unless the time limit is met."""

    source: Source
    destinations: tuple[Destination, ...]
    guests: tuple[Guest, ...]
    apart: tuple[Group, ...] = ()
    #: Guests of such a group leave to the same destination, or all stay.
    together: tuple[Group, ...] = ()
    #: The destination of a guest, by its name, where the user fixed it.
    pins: Mapping[str, str] = {}
    #: Ports on the destination that one migration of a running guest uses.
    ports_each: Count = 1
    #: Seconds in which all should have left; None if there is no such limit.
    window: Seconds | None = None

    def wrong(self) -> Iterator[str]:
        """Yield what makes it no problem that has an answer: names that are not unique, or not known."""
        guests = [guest.name for guest in self.guests]
        hosts = [one.name for one in self.destinations]
        for kind, names in (("guest", guests), ("destination", hosts)):
            yield from (f"{kind} {name} is listed twice" for name in sorted({n for n in names if names.count(n) > 1}))
        if self.source.name in hosts:
            yield f"{self.source.name} is the source and a destination"
        known = {*guests, *(name for one in self.destinations for name in one.guests)}
        for group in (*self.apart, *self.together):
            yield from (f"{group.text}: there is no guest {name}" for name in group.guests if name not in known)
        for name, host in self.pins.items():
            if name not in guests:
                yield f"there is no guest {name} to be moved to {host}"
            if host not in hosts:
                yield f"{host}, where {name} is to go, is not one of the destinations"
