"""The guest's emulator does not exist on the destination."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "emulator-missing"
WEB = "guest web"
DEBIAN = "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
RED_HAT = "<emulator>/usr/libexec/qemu-kvm</emulator>"  # where the recorded Debian hosts have nothing


def from_red_hat() -> Case:
    """Return the sound pair with two guests; "web" uses the path at which Red Hat's packages install QEMU."""
    return with_db(Case()).xml(DEBIAN, RED_HAT)


def test_catches_a_binary_that_is_elsewhere_on_the_destination() -> None:
    result = from_red_hat().result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "/usr/libexec/qemu-kvm does not exist"
    assert finding.predicted_error == "Cannot check QEMU binary /usr/libexec/qemu-kvm: No such file or directory"


def test_catches_that_guest_alone() -> None:
    assert from_red_hat().result(RULE, DB).outcome is Outcome.PASSED


def test_catches_it_for_a_guest_that_is_moved_offline_too() -> None:
    # libvirt 9.0 checks the binary when it reads the definition
    result = from_red_hat().asking(offline=True, guests=("web",)).result(RULE)
    assert result.outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_binary_at_another_place_that_the_destination_has_too() -> None:
    # /usr/bin/kvm is a link on Debian; libvirt does not list it among its emulators, but accepts it
    assert Case().xml(DEBIAN, "<emulator>/usr/bin/kvm</emulator>").result(RULE).outcome is Outcome.PASSED


def test_passes_a_newer_destination_with_the_binary_at_the_same_place() -> None:
    assert Case(destination="newer/host3").result(RULE).outcome is Outcome.PASSED


def test_passes_a_binary_that_only_the_source_lacks() -> None:
    case = from_red_hat().destination("paths", "path /usr/libexec/qemu-kvm\nstat 81ed 1 45 12 0:0\nfs ef53 4096 1\n")
    assert case.result(RULE, WEB).outcome is Outcome.PASSED


def test_passes_a_guest_whose_definition_names_no_emulator() -> None:
    assert Case().xml(DEBIAN, "").result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_snapshot_was_not_asked_about_the_path() -> None:
    case = with_db(Case()).xml(DEBIAN, "<emulator>/opt/qemu/bin/qemu</emulator>")
    result = case.result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the host was not asked about /opt/qemu/bin/qemu")
    assert result.obscures


@pytest.mark.parametrize("record", ["paths", "mounts"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")


def test_is_unknown_when_the_guests_definition_could_not_be_read_and_of_that_guest_alone() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(error="Domain not found"))
    assert (case.result(RULE, WEB).outcome, case.result(RULE, WEB).reason) == (Outcome.UNKNOWN, "Domain not found")
    assert case.result(RULE, DB).outcome is Outcome.PASSED
