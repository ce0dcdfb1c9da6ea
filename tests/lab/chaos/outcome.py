"""The record of a run."""

from msgspec import Struct

from tests.lab.chaos.trial import Trial
from tests.lab.lines import Code
from tests.lab.machine import LabError


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one run. `codes` are the exit codes in order, None for a command that had to be killed."""

    seed: str
    number: int
    mode: str
    guests: int
    faults: tuple[str, ...]
    moment: str
    #: What each guest's owner did then, and where that left it, by the act; empty where there was nothing to do.
    acts: dict[str, str]
    #: What then happened to the hosts.
    hosts: str
    code: Code
    codes: tuple[int | None, ...]
    results: dict[str, str]
    violations: tuple[str, ...]
    seconds: float
    #: Those that were left paused to be started by a person, since preflight was killed while they stood still.
    left: tuple[str, ...] = ()
    #: Whether the destination's daemon was restarted, as `--resume` had advised.
    advised: bool = False


def failed(trial: Trial, error: LabError) -> Outcome:
    """Return the outcome of a run that the lab could not carry out."""
    return Outcome(
        seed=trial.seed,
        number=trial.number,
        mode=trial.mode,
        guests=len(trial.guests),
        faults=trial.faults,
        moment="never",
        acts={},
        hosts=trial.hosts,
        code=Code.now(),
        codes=(),
        results={},
        violations=(f"the lab failed: {' '.join(str(error).split())[:300]}",),
        seconds=0.0,
    )
