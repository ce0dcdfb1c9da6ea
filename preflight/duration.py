"""How long a live migration takes: the pre-copy model. Pure arithmetic on sizes and rates.

Memory is sent while the guest runs; what it dirtied meanwhile is sent again, and again, until the rest fits the
downtime that is allowed. With a guest that dirties D MiB/s over a stream of R MiB/s each round is D/R times as long as
the one before (Liu, Jin, Liao et al., HPDC 2011); QEMU stops it and sends the rest once that takes no longer than the
downtime limit (migration_update_counters, migration/migration.c).
"""

import math
from collections.abc import Sequence

from msgspec import Struct

#: Seconds that the guest may stand still, unless it is set: QEMU's downtime-limit.
DOWNTIME_LIMIT = 0.3
#: Seconds of a migration in which no memory is sent: the destination starts a QEMU, both ends hand over.
OVERHEAD = 0.6
#: Seconds that QEMU and libvirt take to hand over, whatever is left to send.
HANDOVER = 0.05
#: MiB/s that one stream of QEMU's carries at most: one connection for each 10 Gbit/s, as oVirt budgets them.
STREAM = 1100.0
#: Of a link's bits, those that carry memory: Ethernet, IP and TCP take the others.
PAYLOAD = 0.94
#: A wider run that gains less than this share of the time is not worth the risk.
GAIN = 0.05


class Load(Struct, frozen=True):
    """What one guest gives a migration to do: MiB of memory that it has touched, and MiB/s that it dirties anew.

    `dirty` is None when it was not measured: then it is taken for an idle guest, and the time is the least possible.
    """

    name: str
    memory: float
    dirty: float | None = None


class Prediction(Struct, frozen=True):
    """How one migration goes: seconds in all, seconds that the guest stands still, MiB sent, and rounds.

    `converges` is False for a guest that dirties memory as fast as it is sent: then it never ends by itself, and the
    other numbers are infinite.
    """

    seconds: float
    downtime: float
    sent: float
    rounds: int
    converges: bool = True


NEVER = Prediction(math.inf, math.inf, math.inf, 0, converges=False)


def predict(load: Load, rate: float, downtime_limit: float = DOWNTIME_LIMIT) -> Prediction:
    """One guest over a stream of `rate` MiB/s; raises ValueError for a rate that is not above 0."""
    if not rate > 0:
        raise ValueError("a stream's rate is above 0 MiB/s")
    dirty = load.dirty or 0.0
    left, sent, seconds, rounds = load.memory, 0.0, 0.0, 0
    allowed = rate * downtime_limit
    while rounds == 0 or left > allowed:
        took = left / rate
        sent, seconds, rounds = sent + left, seconds + took, rounds + 1
        again = min(dirty * took, load.memory)  # a page that is dirtied twice is sent once
        if left > allowed and again >= left * 0.999 and again > allowed:
            return NEVER
        left = again
    pause = left / rate + HANDOVER
    return Prediction(OVERHEAD + seconds + pause, pause, sent + left, rounds)


def together(loads: Sequence[Load], width: int, link: float, downtime_limit: float = DOWNTIME_LIMIT) -> float:
    """Seconds until all have moved, `width` at a time over a link of `link` MiB/s that they share equally.

    The longest go first, each to the lane that is free first. Infinite when one of them does not converge.
    """
    lanes = [0.0] * max(1, min(width, len(loads)))
    rate = min(STREAM, link / len(lanes))
    for load in sorted(loads, key=lambda one: -one.memory):
        lane = lanes.index(min(lanes))
        lanes[lane] += predict(load, rate, downtime_limit).seconds
    return max(lanes, default=0.0)


def best_width(loads: Sequence[Load], most: int, link: float, downtime_limit: float = DOWNTIME_LIMIT) -> int:
    """How many at a time, at most `most`, move all of them in the shortest time; 0 when none may.

    Of widths that differ by less than `GAIN` the smallest is taken: fewer at a time have shorter pauses and lose less
    when something breaks.
    """
    widths = range(1, min(most, max(1, len(loads))) + 1)
    times = {width: together(loads, width, link, downtime_limit) for width in widths}
    if not times:
        return 0
    shortest = min(times.values())
    return next(width for width, seconds in times.items() if seconds <= shortest * (1 + GAIN))
