"""The faults that are thrown at a migration, and what heals each of them."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol

from msgspec import Struct

from .. import network
from ..host import LabHost
from ..lab import Lab
from . import processors

#: Seconds that a short cut of the network lasts.
SHORT = 5.0
#: What a fault fills up, each a file system of its own while a run lasts.
FULL = {"/etc/libvirt": "/etc", "/var/lib/libvirt": "/var/lib", "/run": "/run"}


class Killable(Protocol):
    """What moves the guests, as far as a fault is concerned."""

    def kill(self) -> None:
        """End it by SIGKILL."""


class Scene(Struct, frozen=True):
    """Where a fault is thrown."""

    lab: Lab
    moving: Killable
    random: Random

    @property
    def source(self) -> LabHost:
        """The host that the guests leave."""
        return self.lab.hosts["host1"]

    @property
    def destination(self) -> LabHost:
        """The host that they go to."""
        return self.lab.hosts["host2"]

    def host(self, role: str) -> LabHost:
        """The host of a role."""
        return self.source if role == "source" else self.destination


class Fault(Struct, frozen=True):
    """One kind of fault. `stops` names the hosts whose guests it may stop by itself."""

    name: str
    throw: Callable[[Scene], None]
    heal: Callable[[Scene], None]
    stops: tuple[str, ...] = ()
    #: What the hosts need before the run, so that it can be thrown.
    prepare: Callable[[Scene], None] = lambda _: None


def _nothing(_: Scene) -> None:
    """What ends by itself needs no healing."""


def _kill_preflight(scene: Scene) -> None:
    scene.moving.kill()


def _kill(role: str, name: str, scene: Scene) -> None:
    for pid in scene.host(role).processes(name):
        _end(pid)


def _kill_guest(scene: Scene) -> None:
    """One of the guests that the destination holds, whatever state it has there."""
    held = sorted(processors.seen_on(scene.destination).items())
    if held:
        _end(scene.random.choice(held)[1].pid)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _stop_logins(role: str, scene: Scene) -> None:
    """The daemon and every session of it: stopping the service alone would leave those."""
    host = scene.host(role)
    host.run("systemctl", "stop", "ssh.service", "ssh.socket", check=False)
    for pid in host.processes("sshd"):
        _end(pid)


def _start_logins(role: str, scene: Scene) -> None:
    scene.host(role).run("systemctl", "start", "ssh.service")


def _ends(scene: Scene, between: str) -> tuple[str, str]:
    """The namespace in which a link is cut, and the address of its other end."""
    return {
        "client-source": ("client", scene.source.address),
        "client-destination": ("client", scene.destination.address),
        "source-destination": ("host1", scene.destination.address),
    }[between]


def _cut(between: str, scene: Scene) -> None:
    network.cut(scene.lab.instance, *_ends(scene, between))


def _mend(between: str, scene: Scene) -> None:
    network.mend(scene.lab.instance, *_ends(scene, between))


def _cut_shortly(between: str, scene: Scene) -> None:
    _cut(between, scene)
    timer = threading.Timer(SHORT, partial(_mend, between, scene))
    timer.start()


def _separate(role: str, path: str, scene: Scene) -> None:
    """Give what is to fill up a file system of its own, with all that is there."""
    if path != "/run":  # it is one already
        own = f"/lab{path}"
        script = f"mkdir -p {own} && mount -t tmpfs -o size=64m none {own} && cp -a {path}/. {own}/"
        scene.host(role).run("sh", "-c", f"{script} && mount --bind {own} {path}")


def _fill(role: str, path: str, scene: Scene) -> None:
    """Nothing more can be written: the file system shrinks to what it holds."""
    script = 'mount -o remount,size="$(df --output=used -k "$1" | tail -n 1 | tr -d " ")k" "$1"'
    scene.host(role).run("sh", "-c", script, "sh", path)


def _free(role: str, path: str, scene: Scene) -> None:
    scene.host(role).run("mount", "-o", "remount,size=64m", path)


def _reboot(role: str, scene: Scene) -> None:
    """A power cut; it boots from the same disk when it is healed."""
    scene.host(role).cut_power()


def _boot(role: str, scene: Scene) -> None:
    scene.host(role).boot()


def _table() -> dict[str, Fault]:
    kinds = [Fault("kill preflight", _kill_preflight, _nothing)]
    for role in ("source", "destination"):
        kinds.append(Fault(f"kill libvirtd, {role}", partial(_kill, role, "libvirtd"), _nothing))
    kinds.append(Fault("kill QEMU, destination", _kill_guest, _nothing, ("destination",)))
    for role in ("source", "destination"):
        kinds.append(Fault(f"sshd stopped, {role}", partial(_stop_logins, role), partial(_start_logins, role)))
    for between in ("client-source", "client-destination", "source-destination"):
        mend = partial(_mend, between)
        kinds += [
            Fault(f"cut 5 s, {between}", partial(_cut_shortly, between), mend),
            Fault(f"cut for good, {between}", partial(_cut, between), mend),
        ]
    for role in ("destination", "source"):
        for path, shown in FULL.items():
            does = (partial(each, role, path) for each in (_fill, _free, _separate))
            throw, heal, prepare = does
            kinds.append(Fault(f"{shown} full, {role}", throw, heal, prepare=prepare))
    for role in ("destination", "source"):
        kinds.append(Fault(f"{role} rebooted", partial(_reboot, role), partial(_boot, role), (role,)))
    return {fault.name: fault for fault in kinds}


FAULTS = _table()
