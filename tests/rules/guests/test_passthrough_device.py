"""Devices of the source that are passed through to a guest."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "passthrough-device"
USB = "<controller type='usb'"


def with_device(device: str, libvirt: int = 7000000, qemu: int = 7002000) -> Case:
    """Return the sound pair with this device in its guest, and with these releases on the source."""
    case = Case().xml(USB, f"{device}{USB}")
    versions = {"libvirt": libvirt, "hypervisor": qemu}
    return case.source("libvirt.versions", lambda text: json.dumps(json.loads(text) | versions))


@pytest.mark.parametrize(
    ("device", "named"),
    [
        ("<hostdev mode='subsystem' type='pci'/>", "<hostdev mode='subsystem' type='pci'>"),
        ("<hostdev mode='subsystem' type='mdev'/>", "<hostdev mode='subsystem' type='mdev'>"),
        ("<interface type='hostdev'/>", "<interface type='hostdev'>"),
    ],
)
def test_catches_a_device_that_libvirt_refuses(device: str, named: str) -> None:
    result = with_device(device).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, f"cannot migrate a domain with {named}")


@pytest.mark.parametrize(
    "device",
    [
        "<hostdev mode='subsystem' type='usb'/>",
        "<hostdev mode='subsystem' type='pci'><teaming type='transient' persistent='ua-n'/></hostdev>",
    ],
)
def test_passes_usb_and_a_card_that_is_unplugged_for_the_time(device: str) -> None:
    assert with_device(device).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_such_a_device() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = with_device("<interface type='hostdev'/>").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_catches_vdpa_in_the_words_of_an_older_libvirt() -> None:
    [finding] = with_device("<interface type='vdpa'/>").result(RULE).findings
    assert finding.predicted_error == "vDPA devices cannot be migrated"


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ("<hostdev mode='subsystem' type='pci'/>", "VFIO device doesn't support migration"),
        ("<hostdev mode='subsystem' type='mdev' model='vfio-pci'/>", "VFIO device doesn't support migration"),
        ("<interface type='hostdev'/>", "VFIO device doesn't support migration"),
        ("<interface type='vdpa'/>", "Migration disabled: vhost lacks VHOST_F_LOG_ALL feature"),
    ],
)
def test_catches_what_an_older_qemu_refuses(device: str, error: str) -> None:
    [finding] = with_device(device, 9000000).result(RULE).findings
    assert finding.predicted_error == error


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ("<hostdev mode='subsystem' type='scsi_host'/>", "vhost-scsi does not support migration in all cases"),
        ("<hostdev mode='subsystem' type='mdev' model='vfio-ap'/>", "non-migratable device: vfio-ap"),
    ],
)
def test_catches_what_no_qemu_can_send(device: str, error: str) -> None:
    [finding] = with_device(device, 11003000, 10000013).result(RULE).findings
    assert finding.predicted_error == error


def test_names_a_mediated_device_as_an_older_libvirt_does() -> None:
    [finding] = with_device("<hostdev mode='subsystem' type='mdev' model='vfio-ap'/>").result(RULE).findings
    assert finding.predicted_error == "cannot migrate a domain with <hostdev mode='subsystem' type='mdev'>"


def test_reports_what_is_known_beside_what_is_not() -> None:
    both = "<hostdev mode='subsystem' type='pci'/><hostdev mode='subsystem' type='scsi_host'/>"
    result = with_device(both, 11003000, 10000013).result(RULE)
    assert (result.outcome, len(result.findings)) == (Outcome.FAILED, 1)
    assert result.reason


@pytest.mark.parametrize("device", ["<hostdev mode='subsystem' type='pci'/>", "<interface type='vdpa'/>"])
def test_is_unknown_when_libvirt_leaves_it_to_qemu(device: str) -> None:
    result = with_device(device, 11003000, 10000013).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "only if the device's driver supports that" in (result.reason or "")
