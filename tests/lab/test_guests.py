"""Holds the lab to its word about guests: where they run, how they move and what they write."""

import re
import subprocess
import time

import pytest

from . import Client, LabHost

Pair = tuple[LabHost, LabHost]


def migrate(client: Client, name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Move a guest from host1 to host2 as an administrator would."""
    return client.run(
        [
            "virsh",
            "-c",
            "qemu+ssh://root@host1.example.com/system",
            "migrate",
            "--live",
            *options,
            name,
            "qemu+ssh://root@host2.example.com/system",
        ]
    )


def running(host: LabHost) -> list[str]:
    return host.run("virsh", "list", "--name").stdout.split()


@pytest.mark.parametrize("disk", ["readonly", "nbd", "none"])
def test_a_guest_moves(pair: Pair, client: Client, disk: str) -> None:
    host1, host2 = pair
    host1.guest("web", disk=disk)  # type: ignore[arg-type] # pytest's parameters are strings
    done = migrate(client, "web")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert (running(host1), running(host2)) == ([], ["web"])


@pytest.mark.parametrize("options", [["--p2p"], ["--p2p", "--tunnelled"], ["--postcopy"]])
def test_a_guest_moves_in_every_way(pair: Pair, client: Client, options: list[str]) -> None:
    pair[0].guest("web")
    done = migrate(client, "web", *options)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert running(pair[1]) == ["web"]


def test_a_guest_moves_without_kvm(pair: Pair, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair[0], "domain_type", "qemu")
    pair[0].guest("web")
    done = migrate(client, "web")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "<domain type='qemu'" in pair[1].run("virsh", "dumpxml", "web").stdout


def test_a_guest_on_a_local_disk_is_refused(pair: Pair, client: Client) -> None:
    pair[0].guest("db", disk="local")
    done = migrate(client, "db")
    assert done.returncode == 1
    assert "Migration without shared storage is unsafe" in done.stderr


def test_a_transient_guest_leaves_no_definition(pair: Pair) -> None:
    pair[0].guest("fleeting", persistent=False)
    assert running(pair[0]) == ["fleeting"]
    pair[0].run("virsh", "destroy", "fleeting")
    assert pair[0].run("virsh", "list", "--all", "--name").stdout.split() == []


def test_a_guest_that_is_off_is_only_defined(pair: Pair) -> None:
    pair[0].guest("off", running=False)
    assert pair[0].run("virsh", "domstate", "off").stdout.strip() == "shut off"


def test_a_guest_dirties_what_was_asked(pair: Pair) -> None:
    pair[0].guest("busy", memory_mib=256, dirty_mib_per_s=50)
    # "dirty-bitmap" counts every page; "page-sampling", the default, skips small guests.
    pair[0].run("virsh", "domdirtyrate-calc", "busy", "--seconds", "2", "--mode", "dirty-bitmap")
    time.sleep(3)
    stats = pair[0].run("virsh", "domstats", "busy", "--dirtyrate").stdout
    rate = int(re.findall(r"megabytes_per_second=(\d+)", stats)[0])
    assert 35 <= rate <= 60


def test_a_host_that_a_guest_moved_into_counts_as_dirty(pair: Pair, client: Client) -> None:
    host1, host2 = pair
    host1.guest("web", persistent=False)
    assert not host2.is_dirty()
    assert migrate(client, "web").returncode == 0
    assert host2.is_dirty()
