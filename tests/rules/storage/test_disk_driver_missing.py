"""QEMU's drivers for disks on a network."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "disk-driver-missing"
QEMU = "/usr/bin/qemu-system-x86_64"
NBD = "<source protocol='nbd' tls='no' index='1'>"


def on(protocol: str, answer: str | Record) -> Case:
    """Return the sound pair, whose network disk is of this protocol, with the destination's answer about drivers."""
    case = Case().xml(NBD, f"<source protocol='{protocol}' name='x'>")
    return case.destination("block-drivers", answer)


def test_catches_a_driver_that_is_not_there() -> None:
    result = on("iscsi", f"driver 1 iscsi {QEMU}\n").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{QEMU} has no block-iscsi.so, required for iscsi by the disk vda"
    assert finding.predicted_error == "Unknown driver 'iscsi'"


@pytest.mark.parametrize(("protocol", "module"), [("https", "curl"), ("rbd", "rbd"), ("ssh", "ssh")])
def test_catches_it_by_the_module_that_has_the_protocol(protocol: str, module: str) -> None:
    assert on(protocol, f"driver 1 {module} {QEMU}\n").result(RULE).blocks


def test_passes_a_driver_that_is_there() -> None:
    assert on("iscsi", f"driver 0 iscsi {QEMU}\n").result(RULE).outcome is Outcome.PASSED


def test_passes_nbd_which_is_built_in() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_protocol_of_which_it_knows_no_module() -> None:
    assert on("vxhs", "").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = on("iscsi", f"driver 1 iscsi {QEMU}\n").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_was_not_asked() -> None:
    result = on("iscsi", Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "it is unknown whether QEMU has its iscsi driver: timed out",
    )


def test_is_unknown_when_the_emulator_could_not_be_read() -> None:
    assert on("iscsi", f"driver 2 iscsi {QEMU}\n").result(RULE).outcome is Outcome.UNKNOWN
