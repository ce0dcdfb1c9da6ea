"""The record of an evacuation with a fault, and the code that it was of."""

from msgspec import Struct

from tests.lab.evacuations.trial import EvacuationTrial
from tests.lab.lines import Code

#: What is put to the test: records of another content of it do not count.
TESTED = (
    "preflight/migrate",
    "preflight/evacuate",
    "preflight/placement",
    *(f"preflight/commands/{name}.py" for name in ("evacuate", "evacuate_again", "evacuation", "leg_checks", "legs")),
)


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one run. `codes` are the exit codes by command, None for one that had to be killed."""

    seed: str
    number: int
    fault: str
    to: str
    moment: str
    guests: int
    codes: tuple[tuple[str, int | None], ...]
    #: Where each guest was in the end, before any was brought home: arrived, stayed, paused or stopped.
    results: dict[str, str]
    #: Guests on each host then.
    hosts: dict[str, int]
    #: Whether the guests were brought home, and where each then was; None if that was not tried.
    home: dict[str, str] | None = None
    #: What a person had to do as the ledger advised.
    advised: tuple[str, ...] = ()
    violations: tuple[str, ...]
    seconds: float
    code: Code


def failed(trial: EvacuationTrial, error: Exception) -> Outcome:
    """Return the outcome of a run that the lab could not carry out."""
    return Outcome(
        seed=trial.seed,
        number=trial.number,
        fault=trial.fault,
        to=trial.to,
        moment="never",
        guests=len(trial.guests),
        codes=(),
        results={},
        hosts={},
        violations=(f"the lab failed: {' '.join(str(error).split())[:300]}",),
        seconds=0.0,
        code=Code.now(*TESTED),
    )
