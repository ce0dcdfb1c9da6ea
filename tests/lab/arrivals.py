"""Guests that arrive and work, and guests that arrive and do not, as `--verify` sees them: `make arrivals`.

The guests run Linux and its agent: whether one answers, receives or writes is up to it, not to libvirt.
"""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import Client, Lab, LabHost
from .conftest import boot as boot_lab
from .linux_guest import LinuxGuest, blind_bridge, boot, bridge, share
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

ARRIVED, NOT_ARRIVED = 0, 4
SECONDS = 12
NO_CHANNEL = "there is no proof by agent: argument unsupported: QEMU guest agent is not configured"
NO_AGENT = re.compile(r"its agent does not answer \(Guest agent is not responding: .*\) within 12 s")
NO_PACKET = "no interface has received a packet within 12 s"
NO_WRITE = "no disk has been written to within 12 s"

GUESTS = (
    LinuxGuest("whole", 101, cdrom=True),
    LinuxGuest("unasked", 102, channel=False),
    LinuxGuest("stopped", 103),
    LinuxGuest("frozen", 104),
    LinuxGuest("unheard", 105, bridge="blind"),
    LinuxGuest("deaf", 107, hears=False),
    LinuxGuest("readonly", 106, writes=False),
)
#: Of the guests that do not work, what each has not proven.
MISSING: Mapping[str, str | re.Pattern[str]] = {
    "unasked": NO_CHANNEL,
    "stopped": NO_AGENT,
    "frozen": NO_AGENT,
    "unheard": NO_PACKET,
    "deaf": NO_PACKET,
    "readonly": NO_WRITE,
}


@pytest.fixture(scope="module")
def linux() -> Iterator[Lab]:
    """Two hosts with bridges, and on the first one guests that work, and that do not."""
    with boot_lab(["bookworm"] * 2, "linux") as lab:
        source, destination = lab.hosts.values()
        for host in (source, destination):
            bridge(host)
            blind_bridge(lab.instance, host, "blind")
        share(lab.instance)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda guest: boot(lab.instance, source, guest), GUESTS))
        in_guest(source, "stopped", "killall", "qemu-ga")
        in_guest(source, "frozen", "killall", "-STOP", "qemu-ga")
        yield lab


def in_guest(host: LabHost, guest: str, *words: str) -> None:
    """Have a guest's agent run a program of busybox, whether or not it lives to say so."""
    order = {"execute": "guest-exec", "arguments": {"path": "/bin/busybox", "arg": list(words)}}
    host.run("virsh", "qemu-agent-command", "--timeout", "3", guest, json.dumps(order), check=False)


@contextlib.contextmanager
def heard(host: LabHost) -> Iterator[None]:
    """Send a packet a second to each guest's address from a host, as others in their network would."""
    pings = [
        subprocess.Popen([*host.entering(), "ping", "-q", f"192.0.2.{guest.number}"], stdout=subprocess.DEVNULL)
        for guest in GUESTS
    ]
    try:
        yield
    finally:
        for ping in pings:
            ping.kill()
            ping.wait()


def test_each_guest_is_said_to_work_as_far_as_it_does(linux: Lab) -> None:
    source, destination = linux.hosts.values()
    with heard(source):
        done = verified(linux.client, SOURCE, DESTINATION, "--running")
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    said = remarks(done.stdout)
    assert said.keys() == MISSING.keys(), done.stdout
    for guest, missing in MISSING.items():
        assert re.fullmatch(missing if isinstance(missing, re.Pattern) else re.escape(missing), said[guest])
    names = destination.run("virsh", "-q", "list", "--name", "--state-running").stdout.split()
    assert sorted(names) == sorted(guest.name for guest in GUESTS)


def test_an_evacuation_asks_for_proofs_too_on_both_ways(linux: Lab, tmp_path: Path) -> None:
    """The guests are where the test above has left them; those without an agent stay."""
    source, destination = linux.hosts.values()
    record = str(tmp_path / "r")
    left_out = [word for guest in ("unasked", "stopped", "frozen") for word in ("--except", guest)]
    words = ("--to", source.fqdn, "--journal", record, "--verify", "agent", "--verify", "disk", *left_out)
    away = evacuate(linux.client, destination.fqdn, *words)
    assert away.returncode == NOT_ARRIVED, away.stdout + away.stderr
    assert remarks(away.stdout) == {"readonly": NO_WRITE}
    assert "EVACUATED, BUT NOT AS REQUESTED  4 of 4 guests off host2.example.com" in away.stdout
    home = evacuate(linux.client, "--back", record, "--verify", "agent")
    assert home.returncode == ARRIVED, home.stdout + home.stderr
    assert "HOME  4 of 4 guests on host2.example.com" in home.stdout


def evacuate(client: Client, *words: str) -> subprocess.CompletedProcess[str]:
    return client.run([PREFLIGHT, "evacuate", *words, "--yes", "--verify-timeout", str(SECONDS)], timeout=300)


def verified(client: Client, *words: str) -> subprocess.CompletedProcess[str]:
    """Migrate, and ask for each proof."""
    proofs = ("--verify", "agent,network,disk", "--verify-timeout", str(SECONDS))
    return client.run([PREFLIGHT, "migrate", *words, "--yes", *proofs], timeout=300)


def remarks(text: str) -> dict[str, str]:
    """Return what is said of each guest below the ledger."""
    lines = re.sub(r"\n  +", " ", text).splitlines()
    return dict(line.split(": ", 1) for line in lines if re.match(r"[a-z]+: ", line))
