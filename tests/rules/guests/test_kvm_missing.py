"""The guest runs on KVM, and the destination has no KVM."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "kvm-missing"
WEB = "guest web"


def without_kvm(case: Case | None = None) -> Case:
    """Return a pair whose destination's libvirt offers only emulation."""

    def drop(xml: str) -> str:
        return xml.replace("<domain type='kvm'/>", "")

    return (case or Case()).destination("libvirt.capabilities", drop)


def test_catches_a_kvm_guest_whose_destination_can_only_emulate() -> None:
    result = without_kvm().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "libvirt finds no KVM on this host"
    # the recorded hosts were not asked about /dev/kvm
    assert finding.predicted_error is None


@pytest.mark.parametrize(
    ("libvirt", "stat", "error"),
    [
        (9000000, "stat: cannot statx '/dev/kvm': No such file or directory", "Domain requires KVM, but it is not"),
        (9000000, "stat 2180 0 6 200 a:e8", "does not support virt type 'kvm'"),
        (11003000, "stat: cannot statx '/dev/kvm': No such file or directory", "does not support virt type 'kvm'"),
        (7000000, "stat: cannot statx '/dev/kvm': No such file or directory", "Domain requires KVM, but it is not"),
        (7000000, "stat 2180 0 6 200 a:e8", "is not supported by hypervisor"),
        (6000000, "stat 2180 0 6 200 a:e8", "None"),
    ],
)
def test_catches_it_in_the_words_of_each_release(libvirt: int, stat: str, error: str) -> None:
    case = without_kvm().destination("paths", lambda text: f"{text}path /dev/kvm\n{stat}\nfs 1021994 4096 1\n")
    case.destination("libvirt.versions", lambda text: json.dumps(json.loads(text) | {"libvirt": libvirt, "new": 1}))
    [finding] = case.result(RULE).findings
    assert error in str(finding.predicted_error)


def test_catches_that_guest_alone() -> None:
    case = without_kvm(with_db(Case())).guest(
        lambda guest: guest.update(xml=guest["xml"].replace("<domain type='kvm'", "<domain type='qemu'"))
    )
    assert case.result(RULE, WEB).outcome is Outcome.PASSED
    assert case.result(RULE, DB).outcome is Outcome.FAILED


def test_catches_a_guest_of_another_architecture_that_only_kvm_of_that_could_run() -> None:
    case = Case().xml("arch='x86_64'", "arch='aarch64'")
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_newer_destination_that_has_kvm() -> None:
    assert Case(destination="newer/host3").result(RULE).outcome is Outcome.PASSED


def test_passes_an_emulated_guest_at_a_destination_without_kvm() -> None:
    case = without_kvm().xml("<domain type='kvm'", "<domain type='qemu'")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_source_without_kvm_whose_guest_is_emulated() -> None:
    case = Case().xml("<domain type='kvm'", "<domain type='qemu'")
    case.source("libvirt.capabilities", lambda xml: xml.replace("<domain type='kvm'/>", ""))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    # libvirt 9.0 accepts the definition; the guest would not start, but no running guest is lost
    assert without_kvm().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("capabilities", [None, "<capabilities/>", "no XML"])
def test_is_unknown_when_the_destinations_capabilities_are_not_known(capabilities: str | None) -> None:
    result = Case().destination("libvirt.capabilities", capabilities).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


def test_is_unknown_when_the_guests_definition_could_not_be_read_and_of_that_guest_alone() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(error="Domain not found"))
    assert case.result(RULE, WEB).outcome is Outcome.UNKNOWN
    assert case.result(RULE, DB).outcome is Outcome.PASSED
