"""Moves a guest between hosts as they are in the world: as Debian installs them, with newer releases, and modular."""

from collections.abc import Iterator

import pytest

from . import Lab, LabHost
from .conftest import boot
from .recipes import ImageName
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

PAIRS: tuple[tuple[ImageName, ImageName], ...] = (
    ("bullseye-installed", "bullseye-installed"),
    ("bookworm-installed", "bookworm-installed"),
    ("trixie-installed", "trixie-installed"),
    ("bullseye-installed", "bookworm-installed"),
    ("bookworm-installed", "trixie-installed"),
    ("trixie-installed", "trixie-backports"),
    ("trixie-modular", "trixie-modular"),
    ("trixie-modular", "trixie-installed"),
)
HERE, THERE = (f"qemu+ssh://root@{name}/system" for name in (SOURCE, DESTINATION))
LIVE = ("--live", "--persistent", "--undefinesource")


@pytest.fixture(scope="module", params=PAIRS, ids=" and ".join)
def hosts(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two hosts of these images, beside those of the other tests."""
    with boot(request.param, "world") as lab:
        yield lab


@pytest.mark.parametrize("way", [(), ("--p2p",), ("--p2p", "--tunnelled")], ids=["managed", "p2p", "tunnelled"])
def test_a_guest_goes_by_virsh_and_comes_back_by_preflight(hosts: Lab, way: tuple[str, ...]) -> None:
    host1, host2 = hosts.hosts.values()
    # an IDE disk: QEMU 11.1 refuses the queues of 10.0.13's virtio devices (virtio-queue-too-long)
    host1.guest("web", dirty_mib_per_s=2, disk="counter" if host2.image_name == "trixie-backports" else "readonly")
    assert_ready(hosts, SOURCE, DESTINATION, *way)
    gone = hosts.client.run(["virsh", "-c", HERE, "migrate", *LIVE, *way, "web", THERE])
    assert gone.returncode == 0, gone.stderr
    assert (running(host1), running(host2)) == ([], ["web"])
    assert_ready(hosts, DESTINATION, SOURCE, *way)
    back = hosts.client.run([PREFLIGHT, "migrate", DESTINATION, SOURCE, "web", "--yes", *way])
    assert back.returncode == 0, back.stdout + back.stderr
    assert (running(host1), running(host2)) == (["web"], [])
    host1.run("virsh", "destroy", "web")
    host1.run("virsh", "undefine", "web")


@pytest.mark.parametrize("name", ["host1", "host2"])
def test_qemu_runs_as_the_user_of_its_package_in_a_mount_namespace_of_its_own(hosts: Lab, name: str) -> None:
    host = hosts.hosts[name]
    host.guest("own", disk="local")
    [pid] = host.run("pidof", "qemu-system-x86_64").stdout.split()
    assert host.run("stat", "-c", "%U", f"/proc/{pid}").stdout == "libvirt-qemu\n"
    assert host.run("readlink", f"/proc/{pid}/ns/mnt").stdout != host.run("readlink", "/proc/1/ns/mnt").stdout
    assert owner(host, "own") == "libvirt-qemu"
    host.run("virsh", "destroy", "own")
    assert owner(host, "own") == "root", "libvirt gives the disk back to its owner"
    host.run("virsh", "undefine", "own")


@pytest.mark.parametrize("name", [SOURCE, DESTINATION])
def test_a_login_goes_through_pam_and_is_a_session_of_logind(hosts: Lab, name: str) -> None:
    login = hosts.client.run(["ssh", f"root@{name}", 'loginctl show-session "$XDG_SESSION_ID" -p Service -p Remote'])
    assert sorted(login.stdout.split()) == ["Remote=yes", "Service=sshd"], login.stderr


def assert_ready(hosts: Lab, source: str, destination: str, *way: str) -> None:
    checked = hosts.client.run([PREFLIGHT, "check", source, destination, *way])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"READY  {source} -> {destination}: 0 errors" in checked.stdout
    assert "0 unknown" in checked.stdout


def owner(host: LabHost, guest: str) -> str:
    return host.run("stat", "-c", "%U", f"/var/lib/libvirt/images/{guest}.img").stdout.strip()


def running(host: LabHost) -> list[str]:
    return host.run("virsh", "list", "--name").stdout.split()
