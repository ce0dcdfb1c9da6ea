"""Names that the guest's tap devices must have."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.network.test_bridge_missing import having

RULE = "tap-name-taken"


def interface(target: str, kind: str = "bridge") -> Case:
    return Case().xml("</devices>", f"<interface type='{kind}'><source bridge='br9'/>{target}</interface></devices>")


def test_catches_a_link_of_that_name() -> None:
    result = having("web0", interface("<target dev='web0'/>")).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "a link named web0, the name of the guest's interface, already exists on the destination"
    assert finding.predicted_error == "The web0 interface already exists"


@pytest.mark.parametrize(
    ("target", "kind", "link"),
    [
        ("<target dev='web0'/>", "bridge", "web1"),
        ("<target dev='vnet0'/>", "bridge", "vnet0"),
        ("<target dev='web0' managed='no'/>", "ethernet", "web0"),
        ("", "bridge", "web0"),
        ("<target dev='web0'/>", "direct", "web0"),
    ],
)
def test_passes_a_name_that_is_free_or_chosen_anew_or_meant_to_be_there(target: str, kind: str, link: str) -> None:
    assert having(link, interface(target, kind)).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = having("web0", interface("<target dev='web0'/>")).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_did_not_tell_its_links() -> None:
    assert interface("<target dev='web0'/>").destination("links", None).result(RULE).outcome is Outcome.UNKNOWN
