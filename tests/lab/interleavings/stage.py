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
from tests.lab.machine import LabError, command

GUEST = GuestDrawn("g0", 64, 0.4)
#: MiB/s: what is left at the hand-over then fits into what the kernel buffers for a QEMU that is stopped.
BANDWIDTH = 16
#: Seconds for which preflight waits for a silent host.
SETTLE = 4
REJECTED = """table ip error {
  chain out { type filter hook output priority 0; ip daddr %s meta l4proto tcp reject with tcp reset; }
}
"""


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

    def virsh(self, host: LabHost, verb: str) -> None:
        """What the guest's owner types on a host; raises `NotReached` where libvirt refuses."""
        try:
            host.run("virsh", "-q", verb, GUEST.name)
        except LabError as why:
            raise NotReached(str(why)) from None

    def let_count(self, ticks: int = 20) -> None:
        """Wait until the guest has counted on, wherever it runs."""
        began = self.count()
        self.until(lambda: self.count() >= began + ticks, "it does not count on")

    def shut_down(self, host: LabHost) -> None:
        """Shut the guest down as its owner does, and wait until it is off."""
        self.virsh(host, "shutdown")
        self.until(lambda: self.seen(host).startswith("shut off"), "it did not shut down")

    def break_disk(self, host: LabHost) -> None:
        """Every further access to the guest's disk is an I/O error on this host, for good."""
        host.run("nft", "-f", "-", input=REJECTED % network.SWITCH_ADDRESS)

    def lose_source(self) -> None:
        """Lose preflight's connection to the source, and let none be made, until `find_source`."""
        client = self.lab.instance.namespace("client")
        command("ip", "netns", "exec", client, "nft", "-f", "-", input=REJECTED % self.source.address)

    def find_source(self) -> None:
        """Let connections to the source be made again."""
        client = self.lab.instance.namespace("client")
        command("ip", "netns", "exec", client, "nft", "delete", "table", "ip", "error", check=False)

    def tidy(self) -> None:
        """Take away what would hinder the next stage: preflight, what was cut, and daemons that are stopped."""
        network.end(self.lab.instance, "client")
        self.find_source()
        for host in self.lab.hosts.values():
            self.send(host, signal.SIGCONT)
            host.run("nft", "delete", "table", "ip", "error", check=False)

    def move_on(self) -> None:
        """Move the guest from the source to the third host, as its owner does with virsh."""
        here, there = (f"qemu+ssh://root@{self.lab.hosts[name].fqdn}/system" for name in ("host1", "host3"))
        words = ["virsh", "-q", "-c", here, "migrate", "--live", "--persistent", "--undefinesource", GUEST.name, there]
        done = self.lab.client.run(words)
        if done.returncode:
            raise NotReached(done.stderr)

    def resume(self) -> None:
        """Let `preflight migrate --resume` do what it does."""
        words = [PREFLIGHT, "migrate", "--resume", str(self.journal), "--yes", "--settle-timeout", str(SETTLE)]
        self.moving = Started(self.lab, [words], self.output)
        self.end()

    def count(self) -> int:
        """How far the guest's disk says that it has come."""
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
