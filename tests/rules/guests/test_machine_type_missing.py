"""The destination's QEMU does not support the guest's machine type."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "machine-type-missing"
WEB = "guest web"


def test_catches_a_guest_of_a_newer_host_on_its_way_to_an_older_one() -> None:
    # recorded: Debian 13's QEMU 10.0 gave the guest "pc-i440fx-10.0", Debian 12's 7.2 ends with "pc-i440fx-7.2"
    result = Case("newer/host3", "ready/host1").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "new")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "this host's QEMU does not support the machine type pc-i440fx-10.0"
    assert finding.predicted_error == "does not support machine type 'pc-i440fx-10.0'"


@pytest.mark.parametrize(
    ("libvirt", "error"),
    [
        (8_005_000, "does not support machine type 'pc-i440fx-9.9'"),
        (8_000_000, None),
        (7_000_000, "unsupported machine type"),
    ],
)
def test_catches_it_in_the_words_of_the_destinations_release(libvirt: int, error: str | None) -> None:
    versions = json.dumps({"libvirt": libvirt, "hypervisor": 5_002_000, "type": "QEMU"})
    case = Case().xml("machine='pc-i440fx-7.2'", "machine='pc-i440fx-9.9'").destination("libvirt.versions", versions)
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == error


def test_catches_that_guest_alone() -> None:
    case = with_db(Case()).xml("machine='pc-i440fx-7.2'", "machine='pc-i440fx-rhel7.6.0'")
    assert case.result(RULE, WEB).outcome is Outcome.FAILED
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_catches_a_machine_type_that_only_another_emulator_of_the_destination_has() -> None:
    def forget(xml: str) -> str:
        # only qemu-system-x86_64's list; qemu-system-i386 keeps it
        before, x86_64, after = xml.partition("<arch name='x86_64'>")
        return before + x86_64 + after.replace("pc-i440fx-7.2", "pc-i440fx-7.9")

    case = Case().destination("libvirt.capabilities", forget)
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_of_an_older_host_on_its_way_to_a_newer_one() -> None:
    assert Case(destination="newer/host3").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_keeps_an_older_type_on_its_way_back_to_an_older_host() -> None:
    case = Case("newer/host3", "ready/host1").xml("machine='pc-i440fx-10.0'", "machine='pc-i440fx-7.2'")
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("machine", ["pc", "q35", "pc-q35-2.4", "microvm"])
def test_passes_every_name_that_the_destination_has(machine: str) -> None:
    assert Case().xml("machine='pc-i440fx-7.2'", f"machine='{machine}'").result(RULE).outcome is Outcome.PASSED


def test_passes_an_emulator_that_libvirt_did_not_find_by_itself_if_any_has_the_type() -> None:
    case = Case().xml("<emulator>/usr/bin/qemu-system-x86_64<", "<emulator>/opt/qemu/bin/qemu-system-x86_64<")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_without_kvm_which_another_rule_says() -> None:
    case = Case("newer/host3", "ready/host1")
    case.destination("libvirt.capabilities", lambda xml: xml.replace("<domain type='kvm'/>", ""))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    # libvirt 9.0 accepts the definition; the guest would not start, but no running guest is lost
    case = Case("newer/host3", "ready/host1").asking(offline=True, guests=("new",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("capabilities", [None, "<capabilities/>"])
def test_is_unknown_when_the_destinations_capabilities_are_not_known(capabilities: str | None) -> None:
    result = Case().destination("libvirt.capabilities", capabilities).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


def test_is_unknown_when_the_guests_definition_could_not_be_read_and_of_that_guest_alone() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(xml=guest["xml"].replace("machine='pc-i440fx-7.2'", "")))
    result = case.result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "its XML has no machine")
    assert case.result(RULE, DB).outcome is Outcome.PASSED
