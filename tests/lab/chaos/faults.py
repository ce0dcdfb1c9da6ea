"""The faults that are thrown at a migration, and what heals each of them."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from msgspec import Struct

from tests.lab import network
from tests.lab.chaos import processors
from tests.lab.host import LabHost
from tests.lab.lab import Lab

#: Seconds that a short cut of the network lasts.
SHORT = 5.0
#: Directories that a fault fills up, each a separate file system during a run.
FULL = {"/etc/libvirt": "/etc", "/var/lib/libvirt": "/var/lib", "/run": "/run"}


class Killable(Protocol):
    """The mover of the guests, as far as a fault is concerned."""

    def kill(self) -> None:
        """End it by SIGKILL."""

    def interrupt(self) -> None:
        """Send it what Ctrl-C sends."""


class Scene(Struct, frozen=True):
    """The hosts and the mover on which a fault acts."""

    lab: Lab
    moving: Killable
    random: Random
    #: The host that the faults at "the destination" act on.
    to: str = "host2"
    #: The directory of the mover's journals, if that is a file system of its own.
    journals: Path | None = None

    @property
    def source(self) -> LabHost:
        """The host that the guests leave."""
        return self.lab.hosts["host1"]

    @property
    def destination(self) -> LabHost:
        """The host that they go to, or one of several."""
        return self.lab.hosts[self.to]

    def host(self, role: str) -> LabHost:
        """Return the host of a role."""
        return self.source if role == "source" else self.destination


class Fault(Struct, frozen=True):
    """One kind of fault."""

    name: str
    throw: Callable[[Scene], None]
    #: What ends it; None where it ends by itself.
    mend: Callable[[Scene], None] | None = None
    #: The hosts whose guests it may stop by itself.
    stops: tuple[str, ...] = ()
    #: What the hosts need before the run, so that it can be thrown.
    prepare: Callable[[Scene], None] | None = None

    @property
    def lasts(self) -> bool:
        """Report whether the fault lasts until it is healed."""
        return self.mend is not None

    def heal(self, scene: Scene) -> None:
        """End it; without effect where it has ended."""
        if self.mend is not None:
            self.mend(scene)


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
    for pid in host.processes("sshd"):
        _end(pid)
    host.run("systemctl", "stop", "ssh.service", "ssh.socket", check=False)  # systemd has started it again
    for pid in host.processes("sshd"):
        _end(pid)


def _start_logins(role: str, scene: Scene) -> None:
    scene.host(role).run("systemctl", "start", "ssh.service")


def _ends(scene: Scene, between: str) -> tuple[str, str]:
    """Return the namespace in which a link is cut, and the address of its other end."""
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
    threading.Timer(SHORT, partial(_mend, between, scene)).start()


def _separate(role: str, path: str, scene: Scene) -> None:
    """Move the directory that is to fill up to a separate file system, with its contents; `hosts.clean` undoes this."""
    if path != "/run":  # it is one already
        own = f"/lab{path}"
        script = f"mkdir -p {own} && mount -t tmpfs -o size=64m none {own} && cp -a {path}/. {own}/"
        scene.host(role).run("sh", "-c", f"{script} && mount --bind {own} {path}")


def _fill(role: str, path: str, scene: Scene) -> None:
    """Nothing more can be written: the file system shrinks to what it holds, which must be more than nothing."""
    script = 'echo >"$1/full"; mount -o remount,size="$(df --output=used -k "$1" | tail -n 1 | tr -d " ")k" "$1"'
    scene.host(role).run("sh", "-c", script, "sh", path)


def _free(role: str, path: str, scene: Scene) -> None:
    scene.host(role).run("sh", "-c", 'mount -o remount,size=64m "$1" && rm -f "$1/full"', "sh", path)


def _reboot(role: str, scene: Scene) -> None:
    """A power cut; it boots from the same disk when it is healed."""
    scene.host(role).cut_power()


def _boot(role: str, scene: Scene) -> None:
    scene.host(role).boot()


def _kinds() -> Iterator[Fault]:
    yield Fault("kill preflight", _kill_preflight)
    for role in ("source", "destination"):
        yield Fault(f"kill libvirtd, {role}", partial(_kill, role, "libvirtd"))
    yield Fault("kill QEMU, destination", _kill_guest, stops=("destination",))
    for role in ("source", "destination"):
        yield Fault(f"sshd stopped, {role}", partial(_stop_logins, role), partial(_start_logins, role))
    for between in ("client-source", "client-destination", "source-destination"):
        yield Fault(f"cut 5 s, {between}", partial(_cut_shortly, between))
        yield Fault(f"cut for good, {between}", partial(_cut, between), partial(_mend, between))
    for role in ("destination", "source"):
        for path, shown in FULL.items():
            throw, mend, prepare = (partial(each, role, path) for each in (_fill, _free, _separate))
            yield Fault(f"{shown} full, {role}", throw, mend, prepare=prepare)
    for role in ("destination", "source"):
        yield Fault(f"{role} rebooted", partial(_reboot, role), partial(_boot, role), stops=(role,))


FAULTS = {fault.name: fault for fault in _kinds()}
