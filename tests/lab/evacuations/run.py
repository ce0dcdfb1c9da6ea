"""One run: guests made on one host, evacuated to four, hit by a fault, recovered, judged, and perhaps brought home."""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.lab import counter, network
from tests.lab.chaos import hosts, saved
from tests.lab.chaos.faults import Scene
from tests.lab.chaos.moment import wait_for
from tests.lab.chaos.mover import Started
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.evacuations import leftovers
from tests.lab.evacuations.faults import FAULTS
from tests.lab.evacuations.gathering import RECOVERY, Gathering
from tests.lab.evacuations.mover import Evacuation
from tests.lab.evacuations.outcome import TESTED, Outcome
from tests.lab.evacuations.trial import EvacuationTrial
from tests.lab.lab import Lab
from tests.lab.lines import Code
from tests.lab.machine import command

#: Seconds until guests must move: on a busy machine, five hosts are not asked in less.
BEGINS = 900.0


def run(lab: Lab, trial: EvacuationTrial, directory: Path, *, used_up: bool) -> Outcome:
    """Run a trial and judge it. `directory` keeps what the commands wrote; `used_up` makes the hosts reboot."""
    hosts.clean(lab, used_up=used_up)
    began, code = time.monotonic(), Code.now(*TESTED)
    names = [guest.name for guest in trial.guests]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda guest: saved.image(lab, lab.hosts["host1"], guest), trial.guests))
    for name in names:
        counter.reset(lab.instance, name)
    with (
        _journals(directory) as journals,
        _alone(lab),
        Witness(*lab.hosts.values(), proof=3) as witness,
        Counters(lab.instance, names) as counters,
    ):
        options = ["--bandwidth", str(trial.bandwidth)]
        mover = Evacuation(lab, list(lab.hosts), options, journals, directory / "preflight.txt")
        gathered = Gathering(lab, trial, mover)
        moment = _hit(gathered, journals)
        gathered.recover()
        results, places = gathered.judge(witness, counters, "arrived")
        home = gathered.bring_home(witness, counters) if trial.back else None
        network.end(lab.instance, "client")
        if not trial.fault.endswith("silent"):  # logins whose connection was cut stay for as long as TCP waits
            gathered.wrong += leftovers.on_hosts(lab)
    return Outcome(
        seed=trial.seed,
        number=trial.number,
        fault=trial.fault,
        to=trial.to,
        moment=moment,
        guests=len(trial.guests),
        codes=tuple(gathered.codes),
        results=results,
        hosts=dict(Counter(places.values())),
        home=home,
        advised=tuple(gathered.advised),
        violations=tuple(dict.fromkeys(gathered.wrong)),
        seconds=round(time.monotonic() - began, 1),
        code=code,
    )


def _hit(gathered: Gathering, journals: Path) -> str:
    """Begin to evacuate, throw the fault, let the command end, and heal; return the moment in words."""
    lab, trial = gathered.lab, gathered.trial
    fault, chance = FAULTS[trial.fault], Random(f"{trial.name}:fault")
    waiting = Scene(lab, Started(lab, [], Path("/dev/null")), chance, trial.to)
    if fault.prepare is not None:
        fault.prepare(waiting)
    scene = waiting
    try:
        hosts.place(waiting, trial.guests)
        started = gathered.mover.start()
        scene = Scene(lab, started, chance, trial.to, journals)
        moment = wait_for(trial, scene, started, longest=BEGINS)
        gathered.mover.log(f"the fault: {fault.name}, {moment}")
        fault.throw(scene)
        gathered.wait(started, "evacuate")
        gathered.compare()
        if trial.resumed_unhealed:
            gathered.again("--resume", gathered.mover.resume())
            gathered.compare()
    finally:
        fault.heal(scene)
    gathered.mover.log("healed")
    gathered.look(RECOVERY)
    return moment


@contextlib.contextmanager
def _journals(directory: Path) -> Iterator[Path]:
    """Mount a small file system for the record and the journals, and keep a copy of what is in it at the end."""
    made = directory / "journals"
    made.mkdir()
    command("mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "none", str(made))
    try:
        yield made
        shutil.copytree(made, directory / "kept", dirs_exist_ok=True)
    finally:
        command("umount", str(made))


@contextlib.contextmanager
def _alone(lab: Lab) -> Iterator[None]:
    """End what a killed command left behind in the client, once the run is over."""
    try:
        yield
    finally:
        network.end(lab.instance, "client")
