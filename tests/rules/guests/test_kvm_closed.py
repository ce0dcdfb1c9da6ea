"""The guest runs on KVM, and the destination's QEMU is not allowed to open /dev/kvm."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "kvm-closed"
WEB = "guest web"
KVM = "path /dev/kvm\nstat 21b0 0 6 200 a:e8\nfs 1021994 4096 1\n"
GONE = "path /dev/kvm\nstat: cannot statx '/dev/kvm': No such file or directory\nfs 1021994 4096 1\n"


def running_as(access: str, *, user: str = "+64055:+106", kvm: str = KVM, case: Case | None = None) -> Case:
    """Return the sound pair, whose destination runs QEMU as this user; `access` says what the user may do."""
    changed = (case or Case()).destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", user))
    changed.destination("paths", lambda text: text + kvm)
    return changed.destination("access", access)


def test_catches_a_user_whom_the_kernel_did_not_let_in() -> None:
    result = running_as("groups 106 64055\nkvm 1\n", case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "QEMU's user on this host (UID 64055) is not allowed to open /dev/kvm",
    )
    assert finding.predicted_error == "Could not access KVM kernel module: "


def test_catches_it_by_the_mode_where_nothing_could_be_tried() -> None:
    case = running_as("groups 106 64055\ncrw-------  1  0  0 10, 232  /dev/kvm\nkvm 127\n")
    assert case.result(RULE).blocks


def test_passes_a_user_whom_the_kernel_let_in() -> None:
    assert running_as("groups 106 64055\nkvm 0\n").result(RULE).outcome is Outcome.PASSED


def test_passes_a_user_in_the_devices_group() -> None:
    case = running_as("groups 106 64055\ncrw-rw----  1  0  106 10, 232  /dev/kvm\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_root() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_without_the_device_of_which_another_rule_speaks() -> None:
    assert running_as("kvm 1\n", kvm=GONE).result(RULE).outcome is Outcome.PASSED


def test_passes_an_emulated_guest_and_judges_each_by_itself() -> None:
    case = with_db(Case()).xml("<domain type='kvm'", "<domain type='qemu'")
    running_as("kvm 1\n", case=case)
    assert case.result(RULE, WEB).outcome is Outcome.PASSED
    assert case.result(RULE, DB).blocks


def test_passes_a_guest_whose_label_names_its_own_user() -> None:
    case = running_as("kvm 1\n").xml("<seclabel type='dynamic' model='dac'", "<seclabel type='static' model='dac'")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = running_as("kvm 1\n").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("access", ["", "groups 106\nkvm 127\n"])
def test_is_unknown_when_nothing_was_told_of_the_device(access: str) -> None:
    assert running_as(access).result(RULE).outcome is Outcome.UNKNOWN
