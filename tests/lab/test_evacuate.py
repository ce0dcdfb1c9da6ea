"""`preflight evacuate` on real hosts: what a destination refuses goes to another one, and all come home again."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import Lab, LabHost
from .conftest import boot
from .test_check import PREFLIGHT

pytestmark = pytest.mark.lab

#: libvirt calls it for a guest that comes in with the word "migrate", and ends the migration if it fails.
HOOK = '#!/bin/sh\n[ "$2" != migrate ] || { echo "no room in this rack" >&2; exit 1; }\n'


@pytest.fixture
def three() -> Iterator[Lab]:
    with boot(["bookworm"] * 3, "three") as lab:
        yield lab


def test_what_one_destination_refuses_goes_to_the_other_and_comes_home(three: Lab, tmp_path: Path) -> None:
    source, refusing, other = three.hosts.values()
    record, names = tmp_path / "run.evacuation", [f"g{number}" for number in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: source.guest(name, memory_mib=32), names))
    refusing.run("mkdir", "-p", "/etc/libvirt/hooks")
    refusing.write("/etc/libvirt/hooks/qemu", HOOK)
    refusing.run("sh", "-c", "chmod 755 /etc/libvirt/hooks/qemu && systemctl restart libvirtd")

    to = f"{refusing.fqdn},{other.fqdn}"
    away = _evacuate(three, source.fqdn, "--to", to, "--journal", str(record))
    assert away.returncode == 0, away.stderr
    assert "EVACUATED  4 of 4 guests off host1.example.com" in away.stdout
    assert "no room in this rack" in away.stderr
    assert "planned anew" in away.stderr
    assert (_running(source), _running(refusing), _running(other)) == ([], [], names)
    assert _places(three, record) == dict.fromkeys(names, other.fqdn)

    home = _evacuate(three, "--back", str(record))
    assert home.returncode == 0, home.stderr
    assert "HOME  4 of 4 guests on host1.example.com" in home.stdout
    assert (_running(source), _running(refusing), _running(other)) == (names, [], [])
    assert _places(three, record) == dict.fromkeys(names, source.fqdn)


def _evacuate(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    return lab.client.run([PREFLIGHT, "evacuate", *words, "--yes"])


def _running(host: LabHost) -> Sequence[str]:
    """Return the guests that run here, and are defined here."""
    words = ("virsh", "-q", "list", "--name", "--state-running", "--persistent")
    assert not host.run("virsh", "-q", "list", "--name", "--inactive").stdout.split()
    return sorted(host.run(*words).stdout.split())


def _places(lab: Lab, record: Path) -> dict[str, str]:
    """Return the host of each guest, as the record and the journals say."""
    told = lab.client.run([PREFLIGHT, "status", str(record), "--format", "json"])
    assert all(guest["moved"]["result"] == "arrived" for guest in json.loads(told.stdout)["guests"])
    return {guest["name"]: guest["moved"]["to_host"] for guest in json.loads(told.stdout)["guests"]}
