"""The MTUs of the interfaces between the hosts."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "mtu-differs"
LINK = "3: {}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu {} qdisc noqueue state UP mode DEFAULT group default qlen 1000\\\n"
ADDRESS = "3: {}    inet {} scope global {}\\       valid_lft forever preferred_lft forever\n"


def mtus(source: int = 1500, destination: int = 1500) -> Case:
    """Return the sound pair, with these MTUs of its interfaces."""
    case = Case()
    if source != 1500:
        case.source("links", lambda text: text.replace(" mtu 1500 ", f" mtu {source} "))
    if destination != 1500:
        case.destination("links", lambda text: text.replace(" mtu 1500 ", f" mtu {destination} "))
    return case


@pytest.mark.parametrize(("source", "destination"), [(1500, 1400), (9000, 1500), (1500, 9000)])
def test_catches_ends_that_differ(source: int, destination: int) -> None:
    result = mtus(source, destination).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "pair")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)
    assert finding.message == f"eth0 has MTU {destination}, but the source's eth0 on the same network has MTU {source}"


def test_passes_jumbo_frames_on_both() -> None:
    assert mtus(9000, 9000).result(RULE).outcome is Outcome.PASSED


def test_passes_interfaces_that_are_not_between_them() -> None:
    case = Case().destination("links", lambda text: text + LINK.format("eth1", 9000))
    case.destination("addresses", lambda text: text + ADDRESS.format("eth1", "198.51.100.2/24", "eth1"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_address_that_the_source_has_itself() -> None:
    """libvirt's default bridge has the same one on all hosts: no packet to it leaves the source."""
    case = Case().source("etc.hosts", lambda text: f"192.168.122.1 host2.example.com\n{text}")
    case.source("links", lambda text: text + LINK.format("virbr0", 1500))
    case.destination("links", lambda text: text + LINK.format("virbr0", 9000))
    for end in (case.source, case.destination):
        end("addresses", lambda text: text + ADDRESS.format("virbr0", "192.168.122.1/24", "virbr0"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_hosts_with_a_router_between_them() -> None:
    case = mtus(9000, 1500).source("addresses", lambda text: text.replace("192.0.2.11/24", "192.0.2.11/32"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_two_interfaces_lead_there_with_different_mtus() -> None:
    case = Case().source("links", lambda text: text + LINK.format("eth1", 9000))
    case.source("addresses", lambda text: text + ADDRESS.format("eth1", "192.0.2.21/24", "eth1"))
    result = case.result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "the source's eth0, eth1 are on the network of 192.0.2.12 and have different MTUs",
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Record("", 1, "timed out"), "timed out"),
        (Record("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 \n"), "the MTU of eth0 is unknown"),
    ],
)
def test_is_unknown_when_the_links_were_not_told(answer: Record, reason: str) -> None:
    result = Case().destination("links", answer).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert reason in (result.reason or "")


def test_does_not_apply_to_memory_that_goes_through_the_control_connection() -> None:
    case = mtus(9000, 1500).asking(mode=Mode.TUNNELLED)
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE
