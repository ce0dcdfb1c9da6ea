"""Networks of the same name that are not alike."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "network-differs"
NAT = "<forward mode='nat'/><ip address='198.51.100.1' netmask='255.255.255.0'/>"
ISOLATED = "<ip address='198.51.100.1' netmask='255.255.255.0'/>"
OTHER = NAT.replace("198.51.100.1", "203.0.113.1")


def networks(inside: str | None) -> str:
    one = {"name": "lan", "active": True, "xml": f"<network><name>lan</name>{inside}</network>", "error": None}
    return json.dumps({"networks": [] if inside is None else [one], "error": None})


def case(here: str | None, there: str | None) -> Case:
    interface = "<interface type='network'><source network='lan'/></interface>"
    made = Case().xml("</devices>", f"{interface}</devices>")
    return made.source("libvirt.networks", networks(here)).destination("libvirt.networks", networks(there))


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (ISOLATED, "the network lan has the mode isolated, and on the source nat"),
        (OTHER, "the network lan serves 203.0.113.1/255.255.255.0, and on the source 198.51.100.1/255.255.255.0"),
    ],
)
def test_catches_a_network_of_another_kind(there: str, message: str) -> None:
    result = case(NAT, there).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, message)


@pytest.mark.parametrize(("here", "there"), [(NAT, NAT), (NAT, None), (None, NAT)])
def test_passes_networks_that_are_alike_or_missing(here: str | None, there: str | None) -> None:
    assert case(here, there).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_host_did_not_answer() -> None:
    assert case(NAT, NAT).destination("libvirt.networks", None).result(RULE).outcome is Outcome.UNKNOWN
