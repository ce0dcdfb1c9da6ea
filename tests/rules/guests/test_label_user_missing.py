"""Users and groups that a guest runs as."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "label-user-missing"
QUESTION = "accounts:group:kvm passwd:vm"


def labelled(answer: str | Record | None = None) -> Case:
    """Return the sound pair with a guest that runs as vm:kvm, and the destination's answer about these accounts."""
    label = "<seclabel type='static' model='dac'><label>vm:kvm</label></seclabel>"
    return Case().xml("</domain>", f"{label}</domain>").destination(QUESTION, answer)


@pytest.mark.parametrize(
    ("answer", "what"),
    [("0 group:kvm\n2 passwd:vm\n", ("user", "vm")), ("2 group:kvm\n0 passwd:vm\n", ("group", "kvm"))],
)
def test_catches_an_account_that_the_destination_lacks(answer: str, what: tuple[str, str]) -> None:
    result = labelled(answer).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the guest runs as the {what[0]} {what[1]}, which does not exist here"
    assert finding.predicted_error == f"Failed to parse {what[0]} '{what[1]}'"


def test_passes_accounts_that_are_there() -> None:
    assert labelled("0 group:kvm\n0 passwd:vm\n").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_such_a_label_and_nobody_is_asked() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = labelled("2 group:kvm\n2 passwd:vm\n").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    result = labelled(Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "it is unknown whether passwd:vm exists: timed out")


def test_is_unknown_when_getent_itself_failed() -> None:
    result = labelled("127 group:kvm\n127 passwd:vm\n").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the host was not asked about passwd:vm")
