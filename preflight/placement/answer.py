"""The answer to a placement problem: who goes where and when, who stays and why. Values."""

import enum
from collections.abc import Mapping

from msgspec import Struct

#: The share by which the time of an answer that is called optimal may exceed the least.
CLOSE = 0.01


class Constraint(enum.StrEnum):
    """What is in the way of a guest."""

    #: The way is not READY, or was not judged.
    WAY = "way"
    MEMORY = "memory"
    PAGES = "huge pages"
    CPUS = "CPUs"
    DISK = "disk space"
    #: The host takes, or the source sends, no migration at all.
    WIDTH = "width"
    PORTS = "ports"
    APART = "keep apart"
    TOGETHER = "keep together"
    PIN = "pin"


class Obstacle(Struct, frozen=True, kw_only=True):
    """A constraint that keeps a guest from one destination; the amounts are None where nothing is counted.

    Amounts are KiB of memory, pages, vCPUs, bytes of disks or migrations.
    """

    #: None for what lies at the source.
    destination: str | None
    constraint: Constraint
    #: A clause for the user, as "needs 16 GiB of memory, 4 GiB are left".
    text: str
    needs: int | None = None
    #: What is left once all guests that go are there.
    left: int | None = None
    #: The size of the pages in KiB.
    page_kib: int | None = None
    #: For what is not counted: what removes it, as "without --keep-apart db1,db2"; None if nothing but repair does.
    without: str | None = None


class Relief(Struct, frozen=True, kw_only=True):
    """Changes that, made together, let a guest go to this destination, with all others where the answer has them.

    `changes` are the obstacles that they remove; `text` says them, as "12 GiB more memory on kvm03".
    """

    destination: str
    changes: tuple[Obstacle, ...]
    text: str


class Stay(Struct, frozen=True, kw_only=True):
    """A guest that stays."""

    guest: str
    #: In one line.
    why: str
    #: All that is in the way, destination by destination.
    obstacles: tuple[Obstacle, ...]
    #: What would let it go: at least one, the smallest first.
    reliefs: tuple[Relief, ...] = ()


class Move(Struct, frozen=True, kw_only=True):
    """A guest that leaves."""

    guest: str
    destination: str
    #: Its place among those that go to this destination, from 1.
    place: int
    #: Predicted seconds from the start of the evacuation; None if a link's speed is unknown. A guest that does not
    #: converge has no end.
    start: float | None = None
    end: float | None = None
    #: False for a guest that dirties memory as fast as it can be sent.
    converges: bool = True


class Answer(Struct, frozen=True, kw_only=True):
    """The placement of all guests of the source."""

    #: In the order of their start, over all destinations.
    moves: tuple[Move, ...]
    stays: tuple[Stay, ...]
    #: Most migrations at once, of the source and of each destination that takes guests.
    width: int
    widths: Mapping[str, int]
    #: Predicted seconds until all but those that do not converge have left; None if a link's speed is unknown.
    seconds: float | None
    #: No placement of as many guests takes fewer seconds; None if a link's speed is unknown.
    least: float | None
    #: What found it: "highs" or "first fit".
    solver: str
    #: True if it is proven that no more guests (by weight) can leave.
    most_leave: bool
    #: True if the time is proven to be within `CLOSE` of the least as well.
    optimal: bool
    #: The guests that leave within the window; None if there is no window, or the times are unknown.
    in_window: tuple[str, ...] | None = None
    #: Guests whose dirty rate was not measured: with one, `seconds` is the least that is to be expected.
    unmeasured: tuple[str, ...] = ()
    #: Destinations, and the source, whose link's speed is unknown.
    unknown_links: tuple[str, ...] = ()

    @property
    def fits(self) -> bool | None:
        """Report whether all that leave do so within the window; None if there is none, or the times are unknown."""
        return None if self.in_window is None else len(self.in_window) == len(self.moves)

    @property
    def endless(self) -> tuple[str, ...]:
        """Return the guests that do not converge."""
        return tuple(move.guest for move in self.moves if not move.converges)

    def of(self, destination: str) -> tuple[Move, ...]:
        """Return the moves to a destination, in their order."""
        return tuple(move for move in self.moves if move.destination == destination)
