"""What one run is, drawn from a seed: the guests, the way they move, the fault and its moment."""

import math
from random import Random
from typing import Literal

from msgspec import Struct

from tests.lab.chaos.faults import FAULTS

#: Beside which other faults preflight is killed as well, in this share of the runs.
TOGETHER = 0.2
#: The share of the runs in which the first `--resume` is killed too.
RESUME_KILLED = 0.3

#: The guests that a run may have: each is booted once a lab, and restored from then on.
MEMORY_MIB = {"g0": 64, "g1": 128, "g2": 256, "g3": 64, "g4": 512, "g5": 64}
#: Each writes a little: what it has touched decides how long it moves, and that it writes shows that it runs.
DIRTY_MIB_PER_S = 0.4

Aim = Literal["check", "transfer", "hand-over"]


class GuestDrawn(Struct, frozen=True):
    """A guest of a run: memory in MiB, the rate at which it writes in MiB/s."""

    name: str
    memory_mib: int
    dirty_mib_per_s: float
    running: bool = True
    persistent: bool = True


class Trial(Struct, frozen=True):
    """One run. The moment is `after` seconds from what the aim names."""

    seed: str
    number: int
    p2p: bool
    guests: tuple[GuestDrawn, ...]
    #: MiB/s that each migration may send.
    bandwidth: int
    at_once: int
    on_error: Literal["stop", "continue"]
    fault: str
    #: Whether preflight is killed in the same moment.
    together: bool
    #: "check": from its start; "transfer": from the first guest's arrival at the destination's QEMU; "hand-over": from
    #: the moment at which a guest that moves stands still at the source.
    aim: Aim
    after: float
    #: Which guest's hand-over is waited for, counted from 1.
    of: int
    #: Whether `--resume` is tried once before the fault is healed.
    resumed_unhealed: bool
    #: Whether `--resume` is tried even where all has arrived.
    resumed_anyway: bool
    #: Seconds after which the first `--resume` is killed, or None.
    resume_killed_after: float | None

    @property
    def name(self) -> str:
        """What the run is called, and replayed by."""
        return f"{self.seed}:{self.number}"

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is thrown, in turn."""
        return ("kill preflight", self.fault) if self.together else (self.fault,)

    @property
    def stops(self) -> frozenset[str]:
        """The hosts on which the faults may stop a guest by themselves."""
        return frozenset(role for name in self.faults for role in FAULTS[name].stops)


def draw(seed: str, number: int) -> Trial:
    """The run `number` of `seed`: each kind of fault in turn, in each mode; all else by chance."""
    kinds = list(FAULTS)
    chance = Random(f"{seed}:{number}")
    fault = kinds[number % len(kinds)]
    lasts = FAULTS[fault].lasts
    keeps = not FAULTS[fault].stops  # a transient guest is nowhere once it is stopped
    names = sorted(chance.sample(sorted(MEMORY_MIB), chance.choice((1, 1, 1, 1, 2, 2, 3, 4, 6))))
    guests = tuple(_guest(chance, name, first=name == names[0], may_be_transient=keeps) for name in names)
    aim: Aim = chance.choices(("check", "transfer", "hand-over"), (10, 52, 38))[0]
    running = sum(guest.running for guest in guests)
    at_once = chance.choice((1, 2, 3))
    longest = {"check": 4.0, "transfer": 1 + 3 * math.ceil(running / at_once), "hand-over": 0.3}[aim]
    return Trial(
        seed=seed,
        number=number,
        p2p=number // len(kinds) % 2 == 1,
        guests=guests,
        bandwidth=chance.choice((4, 6, 8, 12)),
        at_once=at_once,
        on_error=chance.choice(("stop", "continue")),
        fault=fault,
        together=fault != "kill preflight" and chance.random() < TOGETHER,
        aim=aim,
        after=round(chance.uniform(0, longest), 2),
        of=chance.randint(1, max(running, 1)),
        resumed_unhealed=chance.random() < 0.5 and lasts,
        resumed_anyway=chance.random() < 0.25,
        resume_killed_after=round(chance.uniform(0.3, 9), 2) if chance.random() < RESUME_KILLED else None,
    )


def _guest(chance: Random, name: str, *, first: bool, may_be_transient: bool) -> GuestDrawn:
    kind = chance.random()
    return GuestDrawn(
        name,
        MEMORY_MIB[name],
        DIRTY_MIB_PER_S,
        running=first or kind >= 0.1,
        persistent=not (may_be_transient and kind > 0.85),
    )
