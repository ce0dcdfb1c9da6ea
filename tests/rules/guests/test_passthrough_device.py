"""Devices of the source that are passed through to a guest."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "passthrough-device"
USB = "<controller type='usb'"


def with_device(device: str, libvirt: int = 7000000) -> Case:
    """Return the sound pair with this device in its guest, and with this libvirt on the source."""
    case = Case().xml(USB, f"{device}{USB}")
    return case.source("libvirt.versions", lambda text: json.dumps(json.loads(text) | {"libvirt": libvirt}))


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


def test_is_unknown_when_libvirt_leaves_it_to_qemu() -> None:
    result = with_device("<hostdev mode='subsystem' type='pci'/>", 8006000).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "only if the device's driver supports that" in (result.reason or "")
