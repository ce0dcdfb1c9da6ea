"""One run: guests made, moved, hit by a fault, healed, recovered, and judged."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.lab import counter, network
from tests.lab.chaos import hosts, owners, saved
from tests.lab.chaos.faults import FAULTS, Scene
from tests.lab.chaos.judge import Judgement, compare, compare_claims, in_words_of, judge, stopped_by_owners
from tests.lab.chaos.moment import wait_for
from tests.lab.chaos.mover import MOVERS, Mover, Started, Told
from tests.lab.chaos.sight import Sight, look_at, look_when_up
from tests.lab.chaos.trial import Trial
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.lab import Lab
from tests.lab.lines import Code
from tests.lab.machine import LabError

#: Seconds that a command may take in all: longer than libvirt needs to take a silent connection for dead.
PATIENCE = 300.0
#: How often recovery is tried once all is healed.
RESUMES = 3
#: Seconds until libvirt answers again on a host that is healed.
RECOVERY = 60.0
#: Exit codes of `preflight migrate`: all arrived, not all, refused.
ARRIVED, NOT_ARRIVED, REFUSED = 0, 4, 5
#: What is not recovered any further.
FINAL = ("arrived", "stopped")


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one run. `codes` are the exit codes in turn, None where a command had to be killed."""

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


def failed(trial: Trial, error: LabError) -> Outcome:
    """The outcome of a run that the lab could not carry out."""
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


class _Run:
    """What is gathered while a run lasts."""

    def __init__(self, lab: Lab, trial: Trial, mover: Mover) -> None:
        self.lab, self.trial, self.mover = lab, trial, mover
        self.codes: list[int | None] = []
        self.wrong: list[str] = []
        #: What each guest's owner has done, and what both hosts held before `--resume`.
        self.done: dict[str, str] = {}
        self.before: tuple[Sight, Sight] = ({}, {})

    def wait(self, started: Started, what: str) -> int | None:
        """Wait for a command to end, and keep what is wrong with how it did."""
        code = started.wait(PATIENCE)
        self.codes.append(code)
        if code is None:
            self.wrong.append(f"{what} did not end within {PATIENCE:g} s")
        elif self.mover.recovers and code not in (-9, ARRIVED, NOT_ARRIVED, REFUSED):
            self.wrong.append(f"{what} ended with {code}")
        return code

    def resume_unhealed(self) -> None:
        """Recover while the fault lasts: what cannot be known must not be claimed."""
        resuming = self.mover.resume()
        if resuming is None:
            return
        self.wait(resuming, "--resume before healing")
        told = self.mover.status()
        with contextlib.suppress(LabError):  # a host without power: nothing to compare with
            source, destination = (look_at(host) for host in self.lab.hosts.values())
            judged = judge(self.trial, source, destination, {})
            self.wrong += [
                f"before healing: {line}" for line in compare_claims(told or {}, judged, source, destination)
            ]

    def resume(self, *, late: bool) -> dict[str, Told] | None:
        """Recover, as often as it may take; what is told of the guests in the end.

        Where a fault came `late`, after all had ended, what was told then may be true no longer: it is asked again.
        """
        told, before = self.mover.status(), None
        if self.codes[-1] == ARRIVED and not (self.trial.resumed_anyway or late):
            return told
        for attempt in range(RESUMES):
            resuming = self.mover.resume()
            if resuming is None:
                return told
            if attempt == 0 and self.trial.resume_killed_after is not None:
                time.sleep(self.trial.resume_killed_after)
                resuming.kill()
                resuming.wait(PATIENCE)
                self.codes.append(-9)
                resuming = self.mover.resume() or resuming
            code = self.wait(resuming, "--resume")
            told = self.mover.status()
            if code == ARRIVED or told == before or (told and all(each.result in FINAL for each in told.values())):
                break
            before = told
        return told

    def judge(self, told: dict[str, Told] | None, witness: Witness, counters: Counters) -> Judgement:
        """Look at both hosts, and hold what was told against it."""
        source, destination = (look_when_up(host, RECOVERY) for host in self.lab.hosts.values())
        stopped = stopped_by_owners(self.trial, self.done, *self.before)
        judged = judge(self.trial, source, destination, witness.both, stopped)
        self.wrong += counters.back
        if told is not None:
            self.wrong += compare(told, in_words_of(told, judged, stopped, source, destination), source, destination)
        if self.mover.recovers and self.codes and self.codes[-1] == ARRIVED:
            astray = [name for name, result in judged.results.items() if result not in ("arrived", "paused")]
            self.wrong += [f"exit code 0, though {name} is {judged.results[name]}" for name in astray]
        return judged


def run(lab: Lab, trial: Trial, with_: str, directory: Path, *, used_up: bool) -> Outcome:
    """Run a trial and judge it. `directory` keeps what the commands wrote; `used_up` says that hosts boot anew."""
    hosts.clean(lab, used_up=used_up)
    mover = MOVERS[with_](lab, trial, directory)
    gathered = _Run(lab, trial, mover)
    began = time.monotonic()
    code, names = Code.now(), [guest.name for guest in trial.guests]
    for guest in trial.guests:
        saved.image(lab, lab.hosts["host1"], guest)
        counter.reset(lab.instance, guest.name)
    with _alone(lab), Witness(*lab.hosts.values()) as witness, Counters(lab.instance, names) as counters:
        moment = _hit(gathered)
        # a fault that stops guests by itself may do so while preflight looks at them for the last time, or after that
        told = gathered.resume(late=bool(trial.stops) or moment.endswith("after the end"))
        judged = gathered.judge(told, witness, counters)
    return Outcome(
        seed=trial.seed,
        number=trial.number,
        mode=trial.mode,
        guests=len(trial.guests),
        faults=trial.faults,
        moment=moment,
        acts={act: gathered.done.get(guest, "") for guest, act in trial.acts.items()},
        hosts=trial.hosts,
        code=code,
        codes=tuple(gathered.codes),
        results=judged.results,
        violations=(*judged.violations, *gathered.wrong),
        seconds=round(time.monotonic() - began, 1),
    )


def _hit(gathered: _Run) -> str:
    """Move the guests, throw the faults, let the first command end, and heal; the moment, in words."""
    lab, trial = gathered.lab, gathered.trial
    chance = Random(f"{trial.name}:fault")
    waiting = Scene(lab, Started(lab, [], Path("/dev/null")), chance)
    for prepare in (FAULTS[name].prepare for name in trial.faults):
        if prepare is not None:
            prepare(waiting)
    hosts.place(waiting, trial)
    started = gathered.mover.move()
    scene = Scene(lab, started, chance)
    moment = wait_for(trial, scene, started)
    try:
        for name in trial.faults:
            FAULTS[name].throw(scene)
        gathered.wait(started, "preflight")
        if trial.resumed_unhealed:
            gathered.resume_unhealed()
    finally:
        for name in trial.faults:
            FAULTS[name].heal(scene)
    for host in lab.hosts.values():
        look_when_up(host, RECOVERY)
    gathered.done = owners.act_all(scene, trial)
    owners.befall_hosts(scene, trial)
    source, destination = (look_when_up(host, RECOVERY) for host in lab.hosts.values())
    gathered.before = (source, destination)
    return moment


@contextlib.contextmanager
def _alone(lab: Lab) -> Iterator[None]:
    """End what a killed command left behind in the client, and what hosts are refused, once the run is over."""
    try:
        yield
    finally:
        network.end(lab.instance, "client")
        for host in lab.hosts:
            network.connect_again(lab.instance, host)
