"""Stops a migration of one guest just where an interleaving needs it, and lets its owner act."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab import counter, network
from tests.lab.chaos import saved
from tests.lab.chaos.mover import DESTINATION, PREFLIGHT, SOURCE, Started
from tests.lab.chaos.trial import GuestDrawn
from tests.lab.host import LabHost
from tests.lab.lab import Lab

GUEST = GuestDrawn("g0", 64, 0.4)
#: MiB/s: what is left at the hand-over then fits into what the kernel buffers for a QEMU that is stopped.
BANDWIDTH = 16
#: Seconds for which preflight waits for a silent host.
SETTLE = 4


class NotReached(Exception):
    """The interleaving was not made: the moment had passed, or libvirt did otherwise."""


class Impossible(NotReached):
    """The interleaving cannot be made: what it begins with does not come about."""


class Stage:
    """One guest that `preflight migrate` moves from the first host to the second."""

    def __init__(self, lab: Lab, directory: Path, *, p2p: bool) -> None:
        self.lab, self.p2p = lab, p2p
        self.source, self.destination = lab.hosts["host1"], lab.hosts["host2"]
        self.journal, self.output = directory / "journal", directory / "preflight.txt"
        self.moving = Started(lab, [], self.output)
        #: The exit codes in turn.
        self.codes: list[int | None] = []

    def move(self) -> None:
        """Make the guest, let it count, and start to move it."""
        saved.place(self.lab, self.source, GUEST)
        self.until(lambda: self.count() > 0, "it does not count")
        words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, GUEST.name, "--yes", "--journal", str(self.journal)]
        words += ["--bandwidth", str(BANDWIDTH), "--settle-timeout", str(SETTLE), *["--p2p"] * self.p2p]
        self.moving = Started(self.lab, [words], self.output)

    def move_until_finished(self) -> None:
        """Return once Finish is done and Confirm is on its way to the source, whose libvirtd is stopped.

        The guest is paused on both hosts then, or runs on the destination where libvirt itself starts it; preflight has
        not heard yet that the source has let it go.
        """
        self.move()
        self.until(lambda: "state='paused' reason='migration'" in status(self.source), "it was never handed over")
        self.send(self.destination, signal.SIGSTOP)  # so that there is time
        try:
            self.until(lambda: "phase='perform3_done'" in status(self.source), "its memory did not arrive", 20)
            time.sleep(0.2)  # Finish is sent, whoever sends it
            self.send(self.source, signal.SIGSTOP)
        finally:
            self.send(self.destination, signal.SIGCONT)
        self.until(lambda: "<job" not in status(self.destination), "no Finish", 20)
        if self.moving.has_ended() or self.seen(self.destination) == "absent":
            raise NotReached("Finish failed")

    def let_confirm(self) -> None:
        """Let the source's libvirtd go on from there."""
        self.send(self.source, signal.SIGCONT)

    def send(self, host: LabHost, number: signal.Signals) -> None:
        """Send a signal to a host's libvirtd."""
        for pid in host.processes("libvirtd"):
            os.kill(pid, number)

    def end(self, seconds: float = 120) -> None:
        """Wait for preflight to end."""
        self.codes.append(self.moving.wait(seconds))

    def kill_preflight(self) -> None:
        """End it by SIGKILL, and its ssh with it, as with the machine that it runs on."""
        self.moving.kill()
        network.end(self.lab.instance, "client")
        self.end()

    def kill_daemon(self, host: LabHost) -> None:
        """End a host's libvirtd by SIGKILL, and wait until systemd's new one answers."""
        self.send(host, signal.SIGKILL)
        self.until(lambda: host.run("virsh", "-q", "list", check=False).returncode == 0, "no new libvirtd")

    def let_count(self, ticks: int = 20) -> None:
        """Wait until the guest has counted on, wherever it runs."""
        began = self.count()
        self.until(lambda: self.count() >= began + ticks, "it does not count on")

    def tidy(self) -> None:
        """Take away what would hinder the next stage: preflight, what was cut, and daemons that are stopped."""
        network.end(self.lab.instance, "client")
        for host in self.lab.hosts.values():
            self.send(host, signal.SIGCONT)
            network.connect_again(self.lab.instance, host.name)
        network.connect_again(self.lab.instance, "client")

    def resume(self) -> None:
        """Let `preflight migrate --resume` do what it does."""
        words = [PREFLIGHT, "migrate", "--resume", str(self.journal), "--yes", "--settle-timeout", str(SETTLE)]
        self.moving = Started(self.lab, [words], self.output)
        self.end()

    def count(self) -> int:
        """Return the guest's progress according to its disk."""
        return counter.value(self.lab.instance, GUEST.name)

    def seen(self, host: LabHost) -> str:
        """libvirt's state and reason, or absent."""
        told = host.run("virsh", "-q", "domstate", "--reason", GUEST.name, check=False).stdout.strip()
        return told or "absent"

    def until(self, what: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
        """Wait for something; raises `NotReached`."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                raise NotReached(otherwise)
            time.sleep(0.002)


def status(host: LabHost) -> str:
    """The beginning of what the host's libvirtd last wrote down of the guest, for the libvirtd that follows it."""
    with contextlib.suppress(OSError):
        text = Path(host.inside(f"/run/libvirt/qemu/{GUEST.name}.xml")).read_text()
        return re.sub(r"<domain .*", "", text, flags=re.DOTALL)
    return ""
