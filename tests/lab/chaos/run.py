"""One run: guests made, moved, hit by a fault, healed, left to their owners, recovered, and judged."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.lab import counter, network
from tests.lab.chaos import hosts, owners, saved
from tests.lab.chaos.faults import FAULTS, Scene
from tests.lab.chaos.gathering import Gathering
from tests.lab.chaos.moment import wait_for
from tests.lab.chaos.mover import MOVERS, Started
from tests.lab.chaos.outcome import Outcome
from tests.lab.chaos.sight import look_when_up
from tests.lab.chaos.trial import Trial
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.lab import Lab
from tests.lab.lines import Code

#: Seconds until libvirt answers again on a host that is healed.
RECOVERY = 60.0


def run(lab: Lab, trial: Trial, with_: str, directory: Path, *, used_up: bool) -> Outcome:
    """Run a trial and judge it. `directory` keeps what the commands wrote; `used_up` makes the hosts reboot."""
    hosts.clean(lab, used_up=used_up)
    mover = MOVERS[with_](lab, trial, directory)
    gathered = Gathering(lab, trial, mover)
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
        left=tuple(sorted(gathered.left)),
        advised=gathered.advised,
        violations=(*judged.violations, *gathered.wrong),
        seconds=round(time.monotonic() - began, 1),
    )


def _hit(gathered: Gathering) -> str:
    """Move the guests, throw the faults, let the first command end, and heal; the moment, in words."""
    lab, trial = gathered.lab, gathered.trial
    chance = Random(f"{trial.name}:fault")
    waiting = Scene(lab, Started(lab, [], Path("/dev/null")), chance)
    for prepare in (FAULTS[name].prepare for name in trial.faults):
        if prepare is not None:
            prepare(waiting)
    hosts.place(waiting, trial.guests)
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
    """End what a killed command left behind in the client, and lift the blocks between hosts, once the run is over."""
    try:
        yield
    finally:
        network.end(lab.instance, "client")
        for host in lab.hosts:
            network.connect_again(lab.instance, host)
