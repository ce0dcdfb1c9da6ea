"""Moves a guest between hosts as they are in the world: as Debian installs them, newer ones, modular ones."""

from collections.abc import Iterator

import pytest

from . import Lab, LabHost
from .conftest import boot
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

PAIRS = (
    ("bookworm-installed", "bookworm-installed"),
    ("trixie-installed", "trixie-backports"),
    ("trixie-modular", "trixie-modular"),
    ("trixie-modular", "trixie-installed"),
)
HERE, THERE = (f"qemu+ssh://root@{name}/system" for name in (SOURCE, DESTINATION))


@pytest.fixture(scope="module", params=PAIRS, ids=" and ".join)
def hosts(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two hosts of these images, beside those of the other tests."""
    with boot(request.param, "world") as lab:
        yield lab


def test_a_guest_goes_by_virsh_and_comes_back_by_preflight(hosts: Lab) -> None:
    host1, host2 = hosts.hosts.values()
    host1.guest("web", dirty_mib_per_s=2)
    checked = hosts.client.run([PREFLIGHT, "check", SOURCE, DESTINATION])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "READY  host1.example.com -> host2.example.com: 0 errors" in checked.stdout
    assert "0 unknown" in checked.stdout
    moved = hosts.client.run(
        ["virsh", "-c", HERE, "migrate", "--live", "--persistent", "--undefinesource", "web", THERE]
    )
    assert moved.returncode == 0, moved.stderr
    assert running(host2) == ["web"]
    back = hosts.client.run([PREFLIGHT, "migrate", DESTINATION, SOURCE, "web", "--yes"])
    assert back.returncode == 0, back.stdout + back.stderr
    assert (running(host1), running(host2)) == (["web"], [])


def test_qemu_runs_as_the_user_of_its_package_in_a_mount_namespace_of_its_own(hosts: Lab) -> None:
    host = hosts.hosts["host1"]
    host.guest("own", disk="local")
    [pid] = host.run("pidof", "qemu-system-x86_64").stdout.split()
    assert host.run("stat", "-c", "%U", f"/proc/{pid}").stdout == "libvirt-qemu\n"
    assert host.run("readlink", f"/proc/{pid}/ns/mnt").stdout != host.run("readlink", "/proc/1/ns/mnt").stdout
    assert owner(host, "own") == "libvirt-qemu"
    host.run("virsh", "destroy", "own")
    assert owner(host, "own") == "root", "it remembers whose the disk was"


def owner(host: LabHost, guest: str) -> str:
    return host.run("stat", "-c", "%U", f"/var/lib/libvirt/images/{guest}.img").stdout.strip()


def running(host: LabHost) -> list[str]:
    return host.run("virsh", "list", "--name").stdout.split()
