"""Labels of a security driver that the destination's libvirt does not use."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "security-driver-missing"
WEB = "guest web"


def labelled(model: str, kind: str = "dynamic", case: Case | None = None) -> Case:
    """Return the sound pair, whose guest has this label too."""
    label = f"<seclabel type='{kind}' model='{model}' relabel='yes'><label>x</label></seclabel></domain>"
    return (case or Case()).xml("</domain>", label)


@pytest.mark.parametrize("model", ["apparmor", "selinux"])
@pytest.mark.parametrize("kind", ["dynamic", "static"])
def test_catches_a_label_of_a_driver_that_is_not_in_use(model: str, kind: str) -> None:
    result = labelled(model, kind).result(RULE)
    assert result.blocks
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the guest has a label of the security driver {model}, which libvirt does not use here"
    assert finding.predicted_error == f"Security driver model '{model}' is not available"


def test_catches_that_guest_alone() -> None:
    case = labelled("apparmor", case=with_db(Case()))
    assert case.result(RULE, WEB).blocks
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_passes_the_sound_pair_whose_guest_has_a_label_for_its_user() -> None:
    case = Case()
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_driver_that_the_destination_has() -> None:
    case = labelled("apparmor")
    case.destination("libvirt.capabilities", lambda xml: xml.replace("<model>none<", "<model>apparmor<"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_is_not_confined() -> None:
    assert labelled("none", "none").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = labelled("apparmor").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_capabilities_were_not_told() -> None:
    assert labelled("apparmor").destination("libvirt.capabilities", None).result(RULE).outcome is Outcome.UNKNOWN
