"""How long a live migration takes: the pre-copy model. Pure arithmetic on sizes and rates.

Memory is sent while the guest runs; what it dirtied meanwhile is sent again, and again, until the rest fits the
downtime that is allowed. With a guest that dirties D MiB/s over a stream of R MiB/s each round is D/R times as long as
the one before (Liu, Jin, Liao et al., HPDC 2011). QEMU looks anew at what is dirty as soon as what it still knows of
fits the downtime limit, not when all is sent, and it stops the guest once what it finds then fits too
(migration_iteration_run, migration/migration.c; ram_state_pending_exact, migration/ram.c): so a round leaves that
much unsent, and the last rounds are many and short.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

#: Seconds that the guest may stand still, unless it is set: QEMU's downtime-limit.
DOWNTIME_LIMIT = 0.3
#: Seconds of a migration in which no memory is sent: the destination starts a QEMU, both ends hand over. The lab took
#: 0.3 s when it was quiet and 0.7 s when it was busy.
OVERHEAD = 0.5
#: Seconds that QEMU and libvirt take to hand over, whatever is left to send.
HANDOVER = 0.05
#: Seconds that QEMU sends before it looks how much is left: half of its BUFFER_DELAY, 100 ms.
STEP = 0.05
#: MiB/s at which QEMU looks through memory that the guest has never touched (7.2 on the lab), and the share of its
#: size that it sends of it: 9 bytes for a page of 4096.
LOOKS, OF_ZEROES = 16000.0, 9 / 4096
#: MiB/s that one stream of QEMU's carries at most: one connection for each 10 Gbit/s, as oVirt budgets them.
STREAM = 1100.0
#: Of a link's bits, those that carry memory: Ethernet, IP and TCP take the others.
PAYLOAD = 0.94
#: A wider run that gains less than this share of the time is not worth the risk.
GAIN = 0.05


class Load(Struct, frozen=True):
    """What one guest gives a migration to do: MiB of memory that it has touched, and MiB/s that it dirties anew.

    `dirty` is None when it was not measured: then it is taken for an idle guest, and the time is the least possible.
    `untouched` is the MiB of its memory that it never wrote to.
    """

    name: str
    memory: float
    dirty: float | None = None
    untouched: float = 0.0


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
    dirty, allowed = load.dirty or 0.0, rate * downtime_limit
    zeroes = load.untouched * OF_ZEROES
    sent, seconds, rounds = zeroes, OVERHEAD + load.untouched / LOOKS + zeroes / rate, 1
    left = load.memory
    while left > allowed:
        goes = min(left, max(left - allowed, rate * STEP))
        sent, seconds, rounds = sent + goes, seconds + goes / rate, rounds + 1
        # a page that is dirtied twice is sent once
        again = min(left - goes + dirty * goes / rate, load.memory)
        if again > allowed and again >= left * 0.999:
            return NEVER
        left = again
    pause = left / rate + HANDOVER
    return Prediction(seconds + pause, pause, sent + left, rounds)


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
