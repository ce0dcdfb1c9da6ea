"""The faults that are thrown at an evacuation."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.lab.chaos import processors
from tests.lab.chaos.faults import FAULTS as OF_A_PAIR
from tests.lab.chaos.faults import Fault, Scene
from tests.lab.host import LabHost
from tests.lab.machine import command

#: KiB of memory that a destination has available while that is filled up.
LITTLE = 20_000
#: The hook script of libvirt, which refuses a guest that migrates to its host by ending with 1.
HOOK = "/etc/libvirt/hooks/qemu"
#: The guest that every destination refuses.
REFUSED = "g07"


def _both(what: str, scene: Scene) -> None:
    """Cut the destination off from the client and from the source, or mend both."""
    for between in ("client-destination", "source-destination"):
        fault = OF_A_PAIR[f"cut for good, {between}"]
        (fault.throw if what == "cut" else fault.heal)(scene)


def _systemctl(role: str, verb: str, scene: Scene) -> None:
    scene.host(role).run("systemctl", verb, *_units(scene.host(role), verb), check=False)


def _units(host: LabHost, verb: str) -> tuple[str, ...]:
    """Return the daemon, with its sockets where it is stopped: they would start it again."""
    sockets = tuple(f"{host.daemon}{kind}.socket" for kind in ("", "-ro", "-admin"))
    return (*sockets, host.daemon) if verb == "stop" else (host.daemon,)


def _kill_receiving(scene: Scene) -> None:
    """End the QEMU of one of the guests that the destination receives and the source still has."""
    there = processors.seen_on(scene.destination)
    if receiving := sorted(there.keys() & processors.seen_on(scene.source).keys()):
        _kill(there[scene.random.choice(receiving)].pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_logins(scene: Scene) -> None:
    """End each login at the source, but not the daemon that takes new ones."""
    for name in ("sshd", "sshd-session"):
        for pid in scene.source.processes(name):
            with suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_text().startswith(("sshd: root", "sshd-session: root")):
                    _kill(pid)


def _fill_memory(scene: Scene) -> None:
    """Another program takes the destination's memory, as /proc/meminfo tells it: the machine's is not its own."""
    script = (
        f"sed 's/^MemAvailable:.*/MemAvailable:      {LITTLE} kB/; s/^SwapFree:.*/SwapFree:          0 kB/'"
        " /proc/meminfo >/root/meminfo && mount --bind /root/meminfo /proc/meminfo"
    )
    scene.destination.run("sh", "-c", script)


def _free_memory(scene: Scene) -> None:
    scene.destination.run("umount", "/proc/meminfo", check=False)


def _interrupt(scene: Scene) -> None:
    scene.moving.interrupt()


def _interrupt_twice(scene: Scene) -> None:
    scene.moving.interrupt()
    time.sleep(scene.random.uniform(0.05, 2))
    scene.moving.interrupt()


def _fill_disk(scene: Scene) -> None:
    """Nothing more can be written where the record and the journals are."""
    if scene.journals is not None:
        (scene.journals / "full").write_text("full\n")
        used = os.statvfs(scene.journals)
        size = (used.f_blocks - used.f_bfree) * used.f_frsize // 1024
        command("mount", "-o", f"remount,size={size}k", str(scene.journals))


def _free_disk(scene: Scene) -> None:
    if scene.journals is not None:
        command("mount", "-o", "remount,size=64m", str(scene.journals))
        (scene.journals / "full").unlink(missing_ok=True)


def _owner(verb: str, scene: Scene) -> None:
    """The owner of a guest that is still on the source pauses it, or turns it off."""
    left = scene.source.run("virsh", "-q", "list", "--name", "--state-running", check=False).stdout.split()
    if left:
        scene.source.run("virsh", "-q", verb, scene.random.choice(left), check=False)


def _hook(scene: Scene, names: tuple[str, ...], condition: str) -> None:
    """Have the hook script of these hosts refuse guests that come in; libvirt looks for one when it starts."""
    script = f'#!/bin/sh\n[ "$2" = migrate ] && {condition} && {{ echo "no room in this rack" >&2; exit 1; }}\nexit 0\n'
    for name in names:
        host = scene.lab.hosts[name]
        host.run("mkdir", "-p", str(Path(HOOK).parent))
        host.write(HOOK, script)
        host.run("chmod", "755", HOOK)
        host.run("systemctl", "restart", host.daemon)


def _refuse_one(scene: Scene) -> None:
    _hook(scene, tuple(scene.lab.hosts)[1:], f'[ "$1" = {REFUSED} ]')


def _refuse_all(scene: Scene) -> None:
    _hook(scene, (scene.to,), "true")


def _agree(scene: Scene) -> None:
    """Let the hook scripts refuse nothing any more."""
    for host in scene.lab.hosts.values():
        if host.run("test", "-e", HOOK, check=False).returncode == 0:
            host.run("rm", HOOK)
            host.run("systemctl", "restart", host.daemon)


def _nothing(scene: Scene) -> None:
    """The fault was there before."""


def _kinds() -> Iterator[Fault]:
    yield Fault("destination silent", partial(_both, "cut"), partial(_both, "mend"))
    yield Fault("destination's libvirtd killed", OF_A_PAIR["kill libvirtd, destination"].throw)
    yield Fault("destination's libvirtd restarted", partial(_systemctl, "destination", "restart"))
    yield Fault(
        "destination's libvirtd stopped",
        partial(_systemctl, "destination", "stop"),
        partial(_systemctl, "destination", "start"),
    )
    yield Fault("source's libvirtd restarted", partial(_systemctl, "source", "restart"))
    yield Fault("receiving QEMU killed", _kill_receiving, stops=("destination",))
    yield Fault("source's logins killed", _kill_logins)
    yield Fault("destination's memory full", _fill_memory, _free_memory)
    yield Fault("preflight killed", OF_A_PAIR["kill preflight"].throw)
    yield Fault("Ctrl-C", _interrupt)
    yield Fault("Ctrl-C twice", _interrupt_twice)
    yield Fault("journal's disk full", _fill_disk, _free_disk)
    yield Fault("guest paused by its owner", partial(_owner, "suspend"))
    yield Fault("guest turned off by its owner", partial(_owner, "destroy"))
    yield Fault("every destination refuses a guest", _nothing, _agree, prepare=_refuse_one)
    yield Fault("a destination refuses all guests", _nothing, _agree, prepare=_refuse_all)


FAULTS = {fault.name: fault for fault in _kinds()}
#: The faults by which a guest's owner stops it.
BY_OWNER = {"guest paused by its owner": "paused", "guest turned off by its owner": "off"}
