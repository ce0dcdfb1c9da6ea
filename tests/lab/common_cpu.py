"""The CPU that hosts of different releases have in common, compared with what libvirt itself makes of it."""

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final
from xml.etree.ElementTree import fromstring, tostring

import pytest

from preflight.answers import Answers, Record, SavedHost
from preflight.connection import snapshot
from preflight.fleet.baseline import Baseline, baselines
from preflight.fleet.ways import Ways
from preflight.request.check_request import Asked

from . import Lab, LabHost
from .conftest import boot
from .recipes import ImageName

pytestmark = pytest.mark.lab

PREFLIGHT: Final = str(Path(sys.executable).with_name("preflight"))
#: The oldest first.
IMAGES: Final[tuple[ImageName, ...]] = ("bullseye", "bookworm", "trixie")
#: Every set of two hosts and more.
SETS: Final = [one for size in (2, 3) for one in itertools.combinations(range(len(IMAGES)), size)]
GUEST: Final = "web"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Lab]:
    with boot(IMAGES, "cpu") as lab:
        yield lab


@pytest.fixture(scope="module")
def saved(fleet: Lab, tmp_path_factory: pytest.TempPathFactory) -> list[SavedHost]:
    """Return the hosts' answers, as their snapshots have them."""
    directory = tmp_path_factory.mktemp("snapshots")
    for host in fleet.hosts.values():
        done = fleet.client.run([PREFLIGHT, "snapshot", host.fqdn, "-o", str(directory / f"{host.name}.json")])
        assert done.returncode == 0, done.stderr
    return [snapshot.read(directory / f"{name}.json")[0] for name in fleet.hosts]


@pytest.fixture(scope="module", params=["kvm", "qemu"])
def kind(request: pytest.FixtureRequest, fleet: Lab) -> str:
    """Return the type of guest that the hosts are asked about, with and without KVM."""
    wanted = str(request.param)
    if wanted == "kvm" and any(host.domain_type != "kvm" for host in fleet.hosts.values()):
        pytest.skip("this machine has no KVM")
    return wanted


def common(fleet: Lab, saved: Sequence[SavedHost], kind: str, numbers: Sequence[int]) -> Baseline:
    """Return the CPU that these hosts have in common, of guests of this type."""
    asked = [_of_type(one, host, kind) for one, host in zip(saved, fleet.hosts.values(), strict=True)]
    ways = Ways(asked, Asked(source=""))
    found = baselines({number: ways.host(number) for number in numbers})
    assert (found.left_out, len(found.found)) == ((), 1)
    return found.found[0]


def _of_type(one: SavedHost, host: LabHost, kind: str) -> SavedHost:
    """Return the answers of the host as if this were its default type of guest."""
    told = Record(capabilities(host, kind))
    return one._replace(answers=Answers(one.answers.records | {"libvirt.domain-capabilities": told}))


def capabilities(host: LabHost, kind: str) -> str:
    return host.run("virsh", "domcapabilities", "--virttype", kind).stdout


def baseline(host: LabHost, kind: str, cpus: str, *options: str) -> "CompletedProcess[str]":
    """Have the host's libvirt make the baseline of these CPUs."""
    host.write("/root/cpus.xml", cpus)
    words = ["virsh", "hypervisor-cpu-baseline", "/root/cpus.xml", "--virttype", kind, "--features", *options]
    return host.run(*words, check=False)


def features(cpu: str) -> set[str]:
    return {one.get("name", "") for one in fromstring(cpu).iter("feature") if one.get("policy") != "disable"}


@pytest.mark.parametrize("numbers", SETS, ids=lambda one: "+".join(IMAGES[number] for number in one))
def test_it_is_what_libvirt_makes_of_the_same_hosts(
    fleet: Lab, saved: Sequence[SavedHost], kind: str, numbers: Sequence[int]
) -> None:
    hosts = [list(fleet.hosts.values())[number] for number in numbers]
    ours = common(fleet, saved, kind, numbers)
    told = "\n".join(capabilities(host, kind) for host in hosts)
    answered = 0
    for host in hosts:
        theirs = baseline(host, kind, told, "--migratable")
        if theirs.returncode:
            # an older libvirt does not know all features of a newer one's CPU
            assert "Unknown CPU feature" in theirs.stderr
            continue
        answered += 1
        mine = baseline(host, kind, ours.xml)
        assert mine.returncode == 0, mine.stderr
        # asked about all hosts, a libvirt leaves out what its own QEMU does not have, but not what is not in `told`
        assert features(mine.stdout) == features(theirs.stdout)
    assert answered


@pytest.mark.parametrize("numbers", SETS, ids=lambda one: "+".join(IMAGES[number] for number in one))
def test_each_host_can_provide_it(fleet: Lab, saved: Sequence[SavedHost], kind: str, numbers: Sequence[int]) -> None:
    ours = common(fleet, saved, kind, numbers)
    for number in numbers:
        host = list(fleet.hosts.values())[number]
        host.write("/root/cpu.xml", ours.xml)
        compared = host.run("virsh", "hypervisor-cpu-compare", "/root/cpu.xml", "--virttype", kind, check=False)
        assert compared.returncode == 0, (host.name, compared.stdout, compared.stderr)


def test_a_guest_with_it_starts_on_each_host_and_moves_to_every_newer_one(
    fleet: Lab, saved: Sequence[SavedHost], kind: str
) -> None:
    hosts = list(fleet.hosts.values())
    cpu = common(fleet, saved, kind, range(len(hosts))).xml
    for number, host in enumerate(hosts):
        host.guest(GUEST, running=False)
        definition = host.run("virsh", "dumpxml", "--inactive", GUEST).stdout
        host.run("virsh", "undefine", GUEST)
        definition = with_cpu(definition, cpu, kind)
        host.run("virsh", "create", "/dev/stdin", input=definition)
        for there in hosts[number + 1 :]:
            uri = f"qemu+ssh://root@{there.fqdn}/system"
            command = ["virsh", "-c", f"qemu+ssh://root@{host.fqdn}/system", "migrate", "--live", GUEST, uri]
            moved = fleet.client.run(command)
            assert moved.returncode == 0, (host.name, there.name, moved.stderr)
            there.run("virsh", "destroy", GUEST)
            host.run("virsh", "create", "/dev/stdin", input=definition)
        host.run("virsh", "destroy", GUEST)


def with_cpu(definition: str, cpu: str, kind: str) -> str:
    """Return the definition of a guest of this type with this CPU."""
    root = fromstring(definition)
    root.set("type", kind)
    for old in root.findall("cpu"):
        root.remove(old)
    root.append(fromstring(cpu))
    return tostring(root, encoding="unicode")
