"""The data and the time of one guest's migration, by the pre-copy model, and how streams share links."""

import math
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from preflight.capacity.precopy import HANDOVER, LOOKS, OVERHEAD, STREAM, Load, predict
from preflight.placement.problem import Guest, Problem
from preflight.units import KIB, MIB

#: MiB/s that stand in for a link whose speed is unknown: only the order of the data's sizes then matters.
NOMINAL = 100.0


class Work(Struct, frozen=True):
    """What the migration of a guest sends, and the seconds of it in which nothing is sent.

    The same for identical guests, so `load` has no name.
    """

    load: Load
    #: MiB of disks that are copied. What the guest writes to them meanwhile is not known, and not counted.
    disk: float
    seconds: float

    @property
    def sends(self) -> bool:
        """Report whether it sends any data."""
        return bool(self.disk or self.load.memory or self.load.untouched)


class Links(Struct, frozen=True):
    """MiB/s that the streams of the source share, and those to each destination; and the ends that are not known."""

    source: float
    to: tuple[float, ...]
    unknown: tuple[str, ...] = ()

    def alone(self, destination: int) -> float:
        """Return the MiB/s of a stream that has the links for itself."""
        return min(STREAM, self.source, self.to[destination])

    def shared(self, streams: Sequence[int]) -> tuple[float, ...]:
        """Return the MiB/s of each stream to a destination, by the number of streams to each; 0 where there is none.

        The streams of a link share it equally, and what one cannot use, for the link at its other end, others get.
        """
        caps = sorted((min(STREAM, self.to[to] / number), to) for to, number in enumerate(streams) if number)
        left, waiting = self.source, sum(streams)
        found = [0.0] * len(streams)
        for cap, to in caps:
            found[to] = min(cap, left / waiting)
            left -= found[to] * streams[to]
            waiting -= streams[to]
        return tuple(found)


def links_of(problem: Problem) -> Links:
    """Return the speeds of the links; one that is unknown is as fast as the slowest that is known."""
    ends = (problem.source, *problem.destinations)
    known = [end.link for end in ends if end.link is not None]
    stand_in = min(known, default=NOMINAL)
    to = tuple(one.link or stand_in for one in problem.destinations)
    return Links(problem.source.link or stand_in, to, tuple(end.name for end in ends if end.link is None))


def work_of(guest: Guest, *, timed: bool = True) -> Work:
    """Return the work of a guest; if it is not timed, as no speed is known, what it dirties does not count."""
    disk = guest.disk_bytes / MIB
    if not guest.active:
        return Work(Load("", 0.0), disk, OVERHEAD)
    touched = guest.all_kib if guest.touched_kib is None else min(guest.touched_kib, guest.all_kib)
    dirty = None if guest.dirty_kib is None or not timed else guest.dirty_kib / KIB
    load = Load("", touched / KIB, dirty, (guest.all_kib - touched) / KIB)
    return Work(load, disk, OVERHEAD + HANDOVER + load.untouched / LOOKS)


@lru_cache(maxsize=2**16)
def sent(work: Work, rate: float) -> float:
    """Return the MiB that are sent over a stream of this rate, in MiB/s; infinite if the guest does not converge."""
    return work.disk + (predict(work.load, rate).sent if work.load.memory or work.load.untouched else 0.0)


def duration(work: Work, rate: float) -> float:
    """Return the seconds of the migration over a stream of this rate; infinite if the guest does not converge."""
    data = sent(work, rate)
    return work.seconds + data / rate if math.isfinite(data) else math.inf
