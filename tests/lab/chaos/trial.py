"""One run, drawn from a seed: the guests, the way in which they move, the fault and its moment."""

import math
from random import Random
from typing import Literal

from msgspec import Struct

from tests.lab.chaos.faults import FAULTS
from tests.lab.chaos.modes import MODES

#: The owners' acts, one for each guest of a run, between the fault and `--resume` (see `owners`).
ACTS = (
    "resumed on the source",
    "resumed on the destination",
    "used and shut down",
    "used and powered off",
    "used and suspended",
    "shut down and undefined",
    "I/O error on the destination",
)
#: What happens to the hosts after that.
HOSTS = ("libvirtd restarted", "source comes back", "destination comes back")
#: The runs in which each fault is thrown in each mode: all acts in each, and each of what befalls hosts twice, once
#: beside a preflight that is killed in the same moment and once not.
TURNS = 2 * len(HOSTS)
#: The share of the runs in which the first `--resume` is killed too.
RESUME_KILLED = 0.15
#: And in which it is tried while the fault lasts.
UNHEALED = 0.2

#: The guests that a run may have: each is booted once a lab, and restored from then on.
MEMORY_MIB = {"g0": 64, "g1": 128, "g2": 96, "g3": 64, "g4": 160, "g5": 64, "g6": 64}
#: Each writes a little: what it has touched decides how long it moves, and that it writes shows that it runs.
DIRTY_MIB_PER_S = 0.4

Aim = Literal["check", "transfer", "hand-over", "answer"]


class GuestDrawn(Struct, frozen=True):
    """A guest of a run: memory in MiB, the rate at which it writes in MiB/s."""

    name: str
    memory_mib: int
    dirty_mib_per_s: float
    running: bool = True
    persistent: bool = True
    #: Whether it has written to all of its memory, so that a migration has that much to send.
    fill: bool = False


class Trial(Struct, frozen=True):
    """One run. The moment is `after` seconds from what the aim names."""

    seed: str
    number: int
    mode: str
    guests: tuple[GuestDrawn, ...]
    #: MiB/s that each migration may send.
    bandwidth: int
    at_once: int
    on_error: Literal["stop", "continue"]
    fault: str
    #: Whether preflight is killed in the same moment.
    together: bool
    #: "check": from its start; "transfer": from the first guest's arrival at the destination's QEMU; "hand-over": from
    #: the moment at which a guest that moves stands still at the source; "answer": from the moment at which its memory
    #: was sent, and libvirt's answer is on its way.
    aim: Aim
    after: float
    #: Which guest's hand-over is waited for, counted from 1.
    of: int
    #: What the owner of each guest does after the fault, and what then happens to the hosts.
    acts: dict[str, str]
    hosts: str
    #: Whether `--resume` is tried once before the fault is healed.
    resumed_unhealed: bool
    #: Whether `--resume` is tried even where all has arrived.
    resumed_anyway: bool
    #: Seconds after which the first `--resume` is killed, or None.
    resume_killed_after: float | None

    @property
    def name(self) -> str:
        """The name of the run, by which it can be replayed."""
        return f"{self.seed}:{self.number}"

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is thrown, in turn."""
        return ("kill preflight", self.fault) if self.together else (self.fault,)

    @property
    def stops(self) -> frozenset[str]:
        """The hosts on which the faults, or what happens to the hosts then, may stop a guest by themselves."""
        back = frozenset(role for role in ("source", "destination") if self.hosts == f"{role} comes back")
        return back | frozenset(role for name in self.faults for role in FAULTS[name].stops)


def draw(seed: str, number: int) -> Trial:
    """The run `number` of `seed`: each fault in turn, in each mode, before each event twice; all else by chance."""
    kinds, modes = list(FAULTS), list(MODES)
    chance = Random(f"{seed}:{number}")
    fault, turn = kinds[number % len(kinds)], number // (len(kinds) * len(modes)) % TURNS
    names = sorted(MEMORY_MIB)
    guests = tuple(GuestDrawn(name, MEMORY_MIB[name], DIRTY_MIB_PER_S) for name in names)
    aim: Aim = chance.choices(("check", "transfer", "hand-over", "answer"), (3, 27, 30, 40))[0]
    at_once = chance.choice((3, 6, 6))
    longest = {"check": 4.0, "transfer": 2.0 + 2 * math.ceil(len(guests) / at_once), "hand-over": 0.3, "answer": 0.05}[
        aim
    ]
    return Trial(
        seed=seed,
        number=number,
        mode=modes[number // len(kinds) % len(modes)],
        guests=guests,
        bandwidth=chance.choice((8, 12, 16)),
        at_once=at_once,
        on_error=chance.choice(("stop", "continue")),
        fault=fault,
        together=fault != "kill preflight" and turn % 2 == 1,
        aim=aim,
        after=round(chance.uniform(0, longest), 2),
        of=chance.randint(1, len(guests) - 2),
        acts=dict(zip(names, chance.sample(ACTS, len(names)), strict=True)),
        hosts=HOSTS[turn % len(HOSTS)],
        resumed_unhealed=chance.random() < UNHEALED and FAULTS[fault].lasts,
        resumed_anyway=True,
        resume_killed_after=round(chance.uniform(0.3, 9), 2) if chance.random() < RESUME_KILLED else None,
    )
