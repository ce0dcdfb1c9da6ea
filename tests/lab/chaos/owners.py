"""The actions of the guests' owners after a fault and before `--resume`, and what then happens to the hosts.

Owners know what they do: they start no copy while another one runs, none that is older than its disk, and touch
nothing while a job of libvirt's runs on it. So whatever harm is seen is preflight's.
"""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from tests.lab import counter, network
from tests.lab.chaos.faults import Scene
from tests.lab.chaos.trial import Trial
from tests.lab.host import LabHost
from tests.lab.machine import LabError

#: Seconds for which an owner waits for what was done to show.
PATIENCE = 12.0
#: Tenths of a second for which a guest is used that its owner has started.
USED = 10
ROLES = ("source", "destination")
#: What an owner does at last, by the act's last word: what virsh is told, and the state that this leads to.
ENDS = {"down": "shutdown", "off": "destroy", "suspended": "suspend", "undefined": "shutdown"}


def act_all(scene: Scene, trial: Trial) -> dict[str, str]:
    """Let each owner act, all at once; what was done, by guest, empty where there was nothing to do."""
    with ThreadPoolExecutor(3) as pool:
        done = pool.map(
            lambda guest: _try(scene, guest, trial.acts[guest], Random(f"{trial.name}:{guest}")), trial.acts
        )
        return dict(zip(trial.acts, done, strict=True))


def _try(scene: Scene, guest: str, act: str, chance: Random) -> str:
    try:
        return _act(scene, guest, act, chance)
    except LabError as why:
        return f"failed: {' '.join(str(why).split())[-80:]}"


def _act(scene: Scene, guest: str, act: str, chance: Random) -> str:
    deadline = time.monotonic() + PATIENCE
    while _has_job(scene, guest):
        if time.monotonic() > deadline:
            return ""
        time.sleep(0.2)
    if act.startswith("resumed"):
        role = act.rsplit(maxsplit=1)[-1]
        return _seen(scene, role, guest) if _resume(scene, role, guest) else ""
    at_first = ("destination",) if act.startswith("I/O") else ROLES if chance.random() < 0.5 else ROLES[::-1]
    role = next((role for role in ROLES if _state(scene, role, guest).startswith("running")), "")
    if not role:
        role = next((role for role in at_first if _resume(scene, role, guest)), "")
        began = counter.value(scene.lab.instance, guest)
        if role and not _wait(lambda: counter.value(scene.lab.instance, guest) > began + USED):
            return ""
    if not role or (act.startswith("I/O") and role != "destination"):
        return ""
    host = scene.host(role)
    if act.startswith("I/O"):
        network.refuse(scene.lab.instance, host.name, network.SWITCH_ADDRESS, port=counter.port(guest))
        return _seen(scene, role, guest) if _wait(lambda: "I/O" in _state(scene, role, guest)) else ""
    verb = ENDS[act.rsplit(maxsplit=1)[-1]]
    host.run("virsh", "-q", verb, guest)
    if not _wait(lambda: not _state(scene, role, guest).startswith("running")):
        return ""
    seen = _seen(scene, role, guest)
    if act.endswith("undefined"):
        host.run("virsh", "-q", "undefine", guest)
    return f"{seen}, undefined" if act.endswith("undefined") else seen


def _resume(scene: Scene, role: str, guest: str) -> bool:
    """Start a copy that is paused here, if it is the newest and no other one runs."""
    other = next(each for each in ROLES if each != role)
    paused = _state(scene, role, guest)
    if not paused.startswith("paused") or _state(scene, other, guest).startswith("running"):
        return False
    if role == "destination" and "(user)" not in paused:
        return False  # its memory may not be whole, or it was stopped for a reason
    words = ("virsh", "-q", "qemu-monitor-command", "--hmp", guest, "xp /1wx 0x7e00")
    memory = re.search(r": 0x([0-9a-f]+)", scene.host(role).run(*words).stdout)
    if memory is None or int(memory[1], 16) < counter.value(scene.lab.instance, guest):
        return False
    return scene.host(role).run("virsh", "-q", "resume", guest, check=False).returncode == 0


def befall_hosts(scene: Scene, trial: Trial) -> None:
    """Restart the daemons, or let a host that lost its power come back, and start what was not stopped by its owner."""
    if trial.hosts == "libvirtd restarted":
        for role in ROLES:
            scene.host(role).run("systemctl", "restart", "libvirtd")
        return
    role = trial.hosts.split()[0]
    ran = {guest for guest in trial.acts if _state(scene, role, guest).startswith("running")}
    scene.host(role).cut_power()
    scene.host(role).boot()
    for guest in ran:
        if not any(_state(scene, each, guest).startswith(("running", "paused")) for each in ROLES):
            scene.host(role).run("virsh", "-q", "start", guest, check=False)


def _has_job(scene: Scene, guest: str) -> bool:
    words = ("sh", "-c", 'grep -q "<job" "/run/libvirt/qemu/$1.xml"', "sh", guest)
    return any(scene.host(role).run(*words, check=False).returncode == 0 for role in ROLES)


def _state(scene: Scene, role: str, guest: str) -> str:
    host: LabHost = scene.host(role)
    return host.run("virsh", "-q", "domstate", "--reason", guest, check=False, timeout=30).stdout.strip() or "absent"


def _seen(scene: Scene, role: str, guest: str) -> str:
    return f"{_state(scene, role, guest)} on the {role}"


def _wait(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
