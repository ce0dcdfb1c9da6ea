"""Guests without a label, on a host that requires one."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "unconfined-guest-refused"
BARE = "<seclabel type='none' model='apparmor'/>"
MODEL = "<secmodel><model>apparmor</model><doi>0</doi></secmodel></host>"


def case(label: str = BARE, conf: str = "security_require_confined = 1\n", model: str = MODEL) -> Case:
    made = Case().xml("</devices>", f"</devices>{label}")
    made.destination("libvirt.capabilities", lambda text: text.replace("</host>", f"{model}\n", 1))
    return made.destination("qemu.conf", lambda text: text + conf)


def test_catches_a_guest_without_a_label() -> None:
    result = case().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.predicted_error == "Unconfined guests are not allowed on this host"


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "<seclabel type='dynamic' model='apparmor'/>"},
        {"label": "<seclabel type='none' model='dac'/>"},
        {"conf": "security_require_confined = 0\n"},
        {"model": "</host>"},
    ],
)
def test_passes_where_nothing_is_required_or_a_label_is_there(changes: dict[str, str]) -> None:
    assert case(**changes).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case().destination("qemu.conf", None).result(RULE).outcome is Outcome.UNKNOWN
