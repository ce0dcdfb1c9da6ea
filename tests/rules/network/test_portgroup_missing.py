"""Port groups of libvirt's networks."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "portgroup-missing"


def networks(*groups: str, error: str | None = None) -> str:
    inside = "".join(f"<portgroup name='{group}'/>" for group in groups)
    xml = f"<network><name>lan</name><forward mode='bridge'/><bridge name='br7'/>{inside}</network>"
    return json.dumps({"networks": [{"name": "lan", "active": True, "xml": xml, "error": error}], "error": None})


def on(*groups: str) -> Case:
    """Return the sound pair, whose guest is on the network, with the destination's network of these port groups."""
    interface = "<interface type='bridge'><source network='lan' portgroup='blue' bridge='br7'/></interface>"
    return Case().xml("</devices>", f"{interface}</devices>").destination("libvirt.networks", networks(*groups))


def test_catches_a_port_group_that_is_not_there() -> None:
    result = on("red").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the network lan has no port group blue")
    assert finding.predicted_error is None


def test_passes_a_port_group_that_is_there() -> None:
    assert on("red", "blue").result(RULE).outcome is Outcome.PASSED


def test_passes_a_network_that_is_missing_altogether_which_another_rule_says() -> None:
    case = on().destination("libvirt.networks", json.dumps({"networks": [], "error": None}))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_asks_for_none() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert on().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("answer", [networks(error="denied"), Record("", 1, "timed out")])
def test_is_unknown_when_libvirt_did_not_tell(answer: str | Record) -> None:
    assert on().destination("libvirt.networks", answer).result(RULE).outcome is Outcome.UNKNOWN
