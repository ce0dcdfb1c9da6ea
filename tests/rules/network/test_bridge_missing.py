"""Bridges and links that the guest's interfaces are put on."""

import pytest

from preflight.migration import Role
from preflight.report import Outcome
from preflight.rule import Severity
from tests.case import Case
from tests.rules.network.test_network_missing import lan, on, told

RULE = "bridge-missing"
BR9 = "<interface type='bridge'><source bridge='br9'/></interface>"
DIRECT = "<interface type='direct'><source dev='eth9' mode='bridge'/></interface>"


def with_device(xml: str) -> Case:
    return Case().xml("</devices>", f"{xml}</devices>")


def having(link: str, case: Case) -> Case:
    """The case with one more link on the destination."""
    line = f"9: {link}: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000\n"
    return case.destination("links", lambda text: text + line)


def test_catches_a_bridge_that_is_not_there() -> None:
    result = with_device(BR9).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the bridge br9 is not here")
    assert finding.predicted_error == "Cannot get interface MTU on 'br9': No such device"


def test_catches_a_bridge_that_an_active_network_needs() -> None:
    case = on("lan").destination("libvirt.networks", told(lan(active=True)))
    [finding] = case.result(RULE).findings
    assert finding.message == "the bridge br7, which the network lan needs, is not here"


def test_catches_a_link_under_macvtap() -> None:
    [finding] = with_device(DIRECT).result(RULE).findings
    assert (finding.message, finding.predicted_error) == ("the link eth9 is not here", None)


def test_says_it_once_for_two_interfaces_on_the_same_bridge() -> None:
    assert len(with_device(BR9 + BR9).result(RULE).findings) == 1


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("xml", "link"), [(BR9, "br9"), (DIRECT, "eth9"), (DIRECT, "eth9@if3")])
def test_passes_what_is_there_even_when_it_is_down(xml: str, link: str) -> None:
    assert having(link, with_device(xml)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_network_that_is_off_or_missing_which_another_rule_names() -> None:
    assert on("default", "nowhere").result(RULE).outcome is Outcome.PASSED


def test_passes_an_interface_that_is_on_no_bridge() -> None:
    xml = "<interface type='user'/><interface type='ethernet'><target dev='tap0'/></interface>"
    assert with_device(xml).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert with_device(BR9).asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["links", "libvirt.networks"])
def test_passes_a_guest_that_needs_neither_where_an_older_snapshot_did_not_ask(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_links_were_not_told() -> None:
    result = with_device(BR9).destination("links", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "links was not answered")
    assert result.obscures


def test_is_unknown_when_the_networks_were_not_told() -> None:
    result = on("lan").destination("libvirt.networks", None).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "libvirt did not list its networks: libvirt.networks was not answered"
