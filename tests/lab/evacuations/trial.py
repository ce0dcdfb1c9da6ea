"""One evacuation with a fault, drawn from a seed."""

from random import Random

from msgspec import Struct

from tests.lab.chaos.trial import Aim, GuestDrawn
from tests.lab.evacuations.faults import FAULTS
from tests.lab.recipes import ImageName

#: The hosts, in their order: the first one is emptied.
IMAGES: tuple[ImageName, ...] = ("bookworm", "bookworm", "bookworm", "trixie", "bookworm")
#: The destinations. The emptied host is host1.
DESTINATIONS = ("host2", "host3", "host4", "host5")
#: The memory of the guests in MiB, in turn; the largest have written to all of it, so that it has to be sent.
SIZES = (32, 48, 64)
GUESTS = tuple(GuestDrawn(f"g{n:02}", SIZES[n % 3], 0.4, fill=SIZES[n % 3] == max(SIZES)) for n in range(20))
#: The longest time from the moment that is waited for to the fault, in seconds.
LONGEST: dict[Aim, float] = {"check": 4.0, "transfer": 10.0, "hand-over": 0.3, "answer": 0.05}


class EvacuationTrial(Struct, frozen=True):
    """One run. For `aim`, `after` and `of` see `tests.lab.chaos.trial`."""

    seed: str
    number: int
    fault: str
    #: The destination that the fault acts on.
    to: str
    guests: tuple[GuestDrawn, ...]
    bandwidth: int
    aim: Aim
    after: float
    of: int
    #: Whether `--resume` is tried once before the fault is healed.
    resumed_unhealed: bool
    #: Whether the guests are brought home at the end.
    back: bool

    @property
    def name(self) -> str:
        """The name of the run, by which it can be replayed."""
        return f"{self.seed}:{self.number}"

    @property
    def stops(self) -> tuple[str, ...]:
        """The hosts on which the fault may stop a guest by itself."""
        return FAULTS[self.fault].stops


def draw(seed: str, number: int) -> EvacuationTrial:
    """Return the run `number` of `seed`: each fault in turn, all else by chance."""
    kinds, chance = list(FAULTS), Random(f"evacuation:{seed}:{number}")
    fault = kinds[number % len(kinds)]
    aim: Aim = chance.choices(("check", "transfer", "hand-over", "answer"), (1, 5, 2, 2))[0]
    return EvacuationTrial(
        seed=seed,
        number=number,
        fault=fault,
        to=chance.choice(DESTINATIONS),
        guests=GUESTS,
        bandwidth=chance.choice((8, 12, 16)),
        aim=aim,
        after=round(chance.uniform(0, LONGEST[aim]), 2),
        of=chance.randint(1, 3),
        resumed_unhealed=FAULTS[fault].lasts and chance.random() < 0.5,
        back=chance.random() < 0.5,
    )
