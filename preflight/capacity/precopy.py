"""The pre-copy model: the duration of a live migration. Pure arithmetic on sizes and rates.

Memory is sent while the guest runs. Memory that the guest dirties during a round is sent again in the next, until the
rest fits the allowed downtime. If the guest dirties D MiB/s and the stream carries R MiB/s, each round is D/R times as
long as the one before (Liu, Jin, Liao et al., HPDC 2011). QEMU looks for dirty memory again as soon as the remainder
that it knows of fits the downtime limit, not when everything is sent, and it stops the guest once the memory that it
then finds fits too (migration_iteration_run, migration/migration.c; ram_state_pending_exact, migration/ram.c). So each
round leaves that much unsent, and the last rounds are many and short.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

#: Default of QEMU's downtime-limit, in seconds.
DOWNTIME_LIMIT = 0.3
#: Seconds of a migration in which no memory is sent: the destination starts QEMU, and both ends hand over. In the lab
#: 0.3 s when idle and 0.7 s when busy.
OVERHEAD = 0.5
#: Seconds that QEMU and libvirt take for the hand-over, regardless of the memory left to send.
HANDOVER = 0.05
#: Seconds that QEMU sends before it checks how much is left: half of its BUFFER_DELAY, 100 ms.
STEP = 0.05
#: MiB/s at which QEMU scans memory that the guest has never touched (7.2 in the lab), and the share of its size that
#: QEMU sends: 9 bytes for a page of 4096.
LOOKS, OF_ZEROES = 16000.0, 9 / 4096
#: Maximum MiB/s of one QEMU stream: one connection for each 10 Gbit/s, as oVirt budgets.
STREAM = 1100.0
#: The share of a link's bits that carry memory; Ethernet, IP and TCP use the rest.
PAYLOAD = 0.94
#: More guests at a time are not worth the risk if they save less than this share of the time.
GAIN = 0.05


class Load(Struct, frozen=True):
    """The work of migrating one guest: MiB of memory that the guest has touched, and its dirty rate in MiB/s.

    `dirty` is None if it was not measured: then the guest counts as idle, and the time is the least possible.
    `untouched` is the memory that the guest never wrote to, in MiB.
    """

    name: str
    memory: float
    dirty: float | None = None
    untouched: float = 0.0


class Prediction(Struct, frozen=True):
    """The predicted course of one migration: duration and downtime in seconds, MiB sent, and rounds.

    `converges` is False for a guest that dirties memory as fast as it is sent: then the migration never ends by itself,
    and its duration, downtime and MiB sent are infinite.
    """

    seconds: float
    downtime: float
    sent: float
    rounds: int
    converges: bool = True


NEVER = Prediction(math.inf, math.inf, math.inf, 0, converges=False)


def predict(load: Load, rate: float, downtime_limit: float = DOWNTIME_LIMIT) -> Prediction:
    """Predict the migration of one guest over a stream of `rate` MiB/s; raises ValueError unless it is above 0."""
    if not rate > 0:
        raise ValueError("the rate of a stream must be above 0 MiB/s")
    dirty, allowed = load.dirty or 0.0, rate * downtime_limit
    zeroes = load.untouched * OF_ZEROES
    sent, seconds, rounds = zeroes, OVERHEAD + load.untouched / LOOKS + zeroes / rate, 1
    left = load.memory
    while left > allowed:
        goes = min(left, max(left - allowed, rate * STEP))
        sent, seconds, rounds = sent + goes, seconds + goes / rate, rounds + 1
        # a page that is dirtied twice is sent only once
        again = min(left - goes + dirty * goes / rate, load.memory)
        if again > allowed and again >= left * 0.999:
            return NEVER
        left = again
    pause = left / rate + HANDOVER
    return Prediction(seconds + pause, pause, sent + left, rounds)


def together(loads: Sequence[Load], width: int, link: float, downtime_limit: float = DOWNTIME_LIMIT) -> float:
    """Return the seconds until all have migrated, `width` at a time, sharing a link of `link` MiB/s equally.

    The largest guests go first, each in the lane that is free first. Infinite if one of them does not converge.
    """
    lanes = [0.0] * max(1, min(width, len(loads)))
    rate = min(STREAM, link / len(lanes))
    for load in sorted(loads, key=lambda one: -one.memory):
        lane = lanes.index(min(lanes))
        lanes[lane] += predict(load, rate, downtime_limit).seconds
    return max(lanes, default=0.0)


def best_width(loads: Sequence[Load], most: int, link: float, downtime_limit: float = DOWNTIME_LIMIT) -> int:
    """Return how many at a time, at most `most`, migrate all of them in the shortest time; 0 if none may.

    Of the widths within `GAIN` of the shortest time, the smallest is chosen: with fewer at a time the downtime is
    shorter, and less is lost if something breaks.
    """
    widths = range(1, min(most, max(1, len(loads))) + 1)
    times = {width: together(loads, width, link, downtime_limit) for width in widths}
    if not times:
        return 0
    shortest = min(times.values())
    return next(width for width, seconds in times.items() if seconds <= shortest * (1 + GAIN))
