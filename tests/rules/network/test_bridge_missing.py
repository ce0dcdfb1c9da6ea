"""Bridges and links that the guest's interfaces are put on."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.network.test_network_missing import lan, on, told

RULE = "bridge-missing"
BR9 = "<interface type='bridge'><source bridge='br9'/></interface>"
DIRECT = "<interface type='direct'><source dev='eth9' mode='bridge'/></interface>"


def with_device(xml: str) -> Case:
    return Case().xml("</devices>", f"{xml}</devices>")


def having(link: str, case: Case) -> Case:
    """Return the case with one more link on the destination."""
    line = f"9: {link}: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000\n"
    return case.destination("links", lambda text: text + line)


def test_catches_a_bridge_that_is_not_there() -> None:
    result = with_device(BR9).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the bridge br9 does not exist on the destination")
    assert finding.predicted_error == "Cannot get interface MTU on 'br9': No such device"


def test_catches_a_bridge_that_an_active_network_needs() -> None:
    case = on("lan").destination("libvirt.networks", told(lan(active=True)))
    [finding] = case.result(RULE).findings
    assert finding.message == "the bridge br7, required by the network lan, does not exist on the destination"


def test_catches_a_link_under_macvtap() -> None:
    [finding] = with_device(DIRECT).result(RULE).findings
    assert (finding.message, finding.predicted_error) == (
        "the link eth9 does not exist on the destination",
        "Unable to get index for interface eth9: No such device",
    )


def kind(link: str, word: str, case: Case) -> Case:
    """Return the case with one more link on the destination, and its kind as `ip -d` reports it."""
    details = r"\    link/ether 02:00:c0:00:02:0c brd ff:ff:ff:ff:ff:ff promiscuity 0 \    " + word
    line = f"9: {link}: <BROADCAST,MULTICAST> mtu 1500 state DOWN{details} addrgenmode eui64\n"
    return case.destination("links", lambda text: text + line)


OVS = "<interface type='bridge'><source bridge='br9'/><virtualport type='openvswitch'/></interface>"


@pytest.mark.parametrize("word", ["veth", "openvswitch", "numtxqueues"])
def test_catches_a_link_that_is_no_bridge(word: str) -> None:
    [finding] = kind("br9", "" if word == "numtxqueues" else word, with_device(BR9)).result(RULE).findings
    assert (finding.message, finding.predicted_error) == (
        "br9 exists on the destination, but is not a bridge",
        "Unable to add bridge br9 port",
    )


def test_catches_a_link_of_an_active_network_that_is_no_bridge() -> None:
    case = on("lan").destination("libvirt.networks", told(lan(active=True)))
    [finding] = kind("br7", "veth", case).result(RULE).findings
    assert finding.message == "br7, required by the network lan, exists on the destination, but is not a bridge"


def test_catches_a_destination_without_open_vswitch() -> None:
    gone = "".join(
        f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 4096 1\n"
        for path in ("/usr/bin/ovs-vsctl", "/usr/local/bin/ovs-vsctl")
    )
    case = kind("br9", "veth", with_device(OVS)).destination("paths", lambda text: text + gone)
    [finding] = case.result(RULE).findings
    assert finding.message == "ovs-vsctl is not installed, so Open vSwitch is missing"
    assert finding.predicted_error == "to OVS bridge br9"


def test_catches_a_tap_device_that_nobody_made() -> None:
    tap = "<interface type='ethernet'><target dev='tap9' managed='no'/></interface>"
    [finding] = with_device(tap).result(RULE).findings
    assert finding.predicted_error == "target managed='no' but specified dev doesn't exist"
    assert having("tap9", with_device(tap)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_bridge_of_either_kind_where_it_is_one() -> None:
    assert kind("br9", "bridge forward_delay 1500", with_device(BR9)).result(RULE).outcome is Outcome.PASSED
    case = on("lan").destination("libvirt.networks", told(lan(active=True)))
    assert kind("br7", "openvswitch", case).result(RULE).outcome is Outcome.PASSED
    there = "path /usr/bin/ovs-vsctl\nstat 81ed 60 45 9 0:0\nfs ef53 4096 1\n"
    case = kind("br9", "openvswitch", with_device(OVS)).destination("paths", lambda text: text + there)
    assert case.result(RULE).outcome is Outcome.PASSED


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
