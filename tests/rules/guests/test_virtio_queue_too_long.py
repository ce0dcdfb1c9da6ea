"""Guests whose virtio queues QEMU 10.0.13 made longer than QEMU 11.1 accepts."""

import json

import pytest

from preflight.collect.follow_up import further_questions
from preflight.collect.sources import make_host
from preflight.facts.guest.guests import Guests
from preflight.judge.report import Outcome
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "virtio-queue-too-long"
DRIVER = "<driver name='qemu' type='raw'/>"
#: As a guest's log in the lab has it.
START = (
    "/var/log/libvirt/qemu/{}.log:starting up libvirt version: 11.3.0, package: 3+deb13u3 (Debian), qemu version: {}\n"
)
INCOMING = "/var/log/libvirt/qemu/web.log:-incoming\n"


def to_qemu(number: int, *starts: str) -> Case:
    """Return the sound pair with this QEMU on the destination; these are the lines of the source's logs."""
    case = with_source(Case(), 10_000_013).destination("libvirt.versions", versions(number))
    return case.source("started-with", "".join(starts))


def versions(qemu: int) -> str:
    return json.dumps({"libvirt": 12_009_000, "hypervisor": qemu, "type": "QEMU"})


def with_source(case: Case, qemu: int) -> Case:
    """Have this QEMU be installed on the source."""
    return case.source("libvirt.versions", versions(qemu))


def started(qemu: str, guest: str = "web") -> str:
    return START.format(guest, qemu)


def with_device(xml: str) -> Case:
    address = "<address type='pci' domain='0x0000' bus='0x00' slot='0x09' function='0x0'/>"
    return without_disk().xml("</devices>", f"{xml.format(address)}</devices>")


def without_disk() -> Case:
    return to_qemu(11_001_003, started("10.0.13")).xml("bus='virtio'", "bus='ide'")


def test_catches_a_disk_of_a_guest_that_10_0_13_started() -> None:
    result = to_qemu(11_001_003, started("10.0.13")).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == (
        "the guest was started with QEMU 10.0.13, which made the queues of its virtio devices (disk) longer than the"
        " destination's QEMU 11.1.3 accepts"
    )
    assert finding.predicted_error == "Failed to load element of type virtio for virtio"


@pytest.mark.parametrize(
    "xml",
    [
        "<memballoon model='virtio'>{}</memballoon>",
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend>{}</rng>",
        "<interface type='bridge'><source bridge='br0'/><model type='virtio'/>{}</interface>",
        "<controller type='virtio-serial' index='0'>{}</controller>",
        "<controller type='scsi' index='0' model='virtio-scsi'>{}</controller>",
        "<input type='mouse' bus='virtio'>{}</input>",
        "<video><model type='virtio' heads='1'/>{}</video>",
        "<vsock model='virtio'><cid auto='yes'/>{}</vsock>",
        "<filesystem type='mount'><source dir='/srv'/><target dir='share'/>{}</filesystem>",
    ],
)
def test_catches_every_virtio_device(xml: str) -> None:
    [finding] = with_device(xml).result(RULE).findings
    assert f"({xml[1:].partition(' ')[0].partition('>')[0]})" in finding.message


def test_catches_what_an_older_start_in_the_same_log_does_not_change() -> None:
    assert to_qemu(11_001_000, started("10.0.12"), INCOMING, started("10.0.13")).result(RULE).blocks


@pytest.mark.parametrize("qemu", ["10.0.12", "7.2.22", "10.2.2", "11.1.3"])
def test_passes_a_guest_that_was_started_with_another_release(qemu: str) -> None:
    assert to_qemu(11_001_003, started("10.0.13"), started(qemu)).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("number", [10_000_013, 11_000_000])
def test_passes_a_destination_that_accepts_them(number: int) -> None:
    assert to_qemu(number, started("10.0.13")).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "xml",
    [
        "<memballoon model='none'/>",
        "<interface type='bridge'><source bridge='br0'/><model type='e1000'/>{}</interface>",
        "<controller type='virtio-serial' index='0'><address type='virtio-mmio'/></controller>",
        "<controller type='scsi' index='0' model='lsilogic'>{}</controller>",
        "<disk type='file'><driver queue_size='1024'/><source file='/a.img'/><target dev='vdb' bus='virtio'/>{}</disk>",
    ],
)
def test_passes_devices_whose_queues_are_as_long_in_all_releases(xml: str) -> None:
    assert with_device(xml).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("qemu", "machine"), [(10_000_012, "pc-i440fx-7.2"), (11_001_003, "pc-i440fx-11.1")])
def test_passes_a_guest_that_such_a_release_cannot_have_started(qemu: int, machine: str) -> None:
    case = with_source(to_qemu(11_001_003), qemu)
    if machine != "pc-i440fx-7.2":
        case.xml("machine='pc-i440fx-7.2'", f"machine='{machine}'")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_a_guest_that_runs_on_after_an_upgrade_to_a_release_without_the_change() -> None:
    assert with_source(to_qemu(11_001_003, started("10.0.13")), 11_001_003).result(RULE).blocks


def test_catches_a_guest_that_runs_on_after_a_downgrade() -> None:
    assert with_source(to_qemu(11_001_003, started("10.0.13")), 10_000_008).result(RULE).blocks


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = to_qemu(11_001_003, started("10.0.13")).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_migration_brought_the_guest() -> None:
    result = to_qemu(11_001_003, started("10.0.13"), INCOMING).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.reason is not None
    assert "the guest was migrated to QEMU 10.0.13, or restored" in result.reason


@pytest.mark.parametrize("starts", [(), (started("10.0.13", "another"),), ("/var/log/libvirt/qemu/web.log:x\n",)])
def test_is_unknown_when_the_log_has_no_start(starts: tuple[str, ...]) -> None:
    result = to_qemu(11_001_003, *starts).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "it is unknown which QEMU web was started with: its log has no start",
    )


def test_is_unknown_when_the_source_did_not_answer() -> None:
    case = to_qemu(11_001_003).source("started-with", None)
    assert case.result(RULE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("number", "asked"), [(11_001_003, True), (10_000_013, False)])
def test_the_source_is_asked_only_if_the_destinations_release_makes_a_difference(number: int, *, asked: bool) -> None:
    case = to_qemu(number)
    source, destination = (
        make_host(role, saved.name, saved.answers) for role, saved in zip(Role, case.hosts, strict=True)
    )
    here, there = further_questions(source, destination, Migration(), list(source.fact(Guests).all))
    assert ("started-with" in here.commands) is asked
    assert "started-with" not in there.commands
