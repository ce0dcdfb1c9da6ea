"""libvirt networks that the guest is on."""

import json
from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "network-missing"


def on(*networks: str) -> Case:
    """The sound pair, whose guest is on these networks, which are of the bridge kind: so libvirt gives the type."""
    interfaces = "".join(
        f"<interface type='bridge'><source network='{name}' bridge='br7'/></interface>" for name in networks
    )
    return Case().xml("</devices>", f"{interfaces}</devices>")


def told(*networks: dict[str, Any], error: str | None = None) -> str:
    return json.dumps({"networks": networks, "error": error})


def lan(*, active: bool) -> dict[str, Any]:
    xml = "<network><name>lan</name><forward mode='bridge'/><bridge name='br7'/></network>"
    return {"name": "lan", "active": active, "xml": xml, "error": None}


def test_catches_a_network_that_is_not_there() -> None:
    result = on("lan").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the network lan does not exist")
    assert finding.predicted_error == "Network not found: no network with matching name 'lan'"


def test_catches_a_network_that_is_off() -> None:
    # as libvirt installs it: the recorded hosts' own
    [finding] = on("default", "default").result(RULE).findings
    assert finding.predicted_error == "network 'default' is not active"
    assert finding.fix == "on the destination: virsh net-start default"


def test_passes_a_network_that_is_active() -> None:
    case = on("lan").destination("libvirt.networks", told(lan(active=True)))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_networks_even_where_libvirt_does_not_list_any() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    case = Case().destination("libvirt.networks", told(error="no driver"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert on("lan").asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (told(error="no driver"), "libvirt did not list its networks: no driver"),
        (told(lan(active=True) | {"error": "denied"}), "network lan: denied"),
        (Record("", 1, "timed out"), "libvirt did not list its networks: timed out"),
    ],
)
def test_is_unknown_when_libvirt_did_not_tell(answer: str | Record, reason: str) -> None:
    result = on("lan").destination("libvirt.networks", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
    assert result.obscures
