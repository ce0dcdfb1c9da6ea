import contextlib
import json
from typing import Any

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.networks import Network, Networks
from tests.facts.noise import answers

NAT = "<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/></network>"
LAN = (
    "<network><name>lan</name><forward mode='bridge'/><bridge name='br7'/>"
    "<portgroup name='blue'/><portgroup name='red'/></network>"
)
MACVTAP = "<network><name>direct</name><forward mode='passthrough'><interface dev='eth1'/></forward></network>"
ISOLATED = "<network><name>alone</name><bridge name='virbr1'/></network>"


def told(name: str, xml: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "active": True, "xml": xml, "error": None} | more


def networks(*found: dict[str, Any], error: str | None = None) -> Networks:
    return Networks.parse(Record(json.dumps({"networks": found, "error": error})))


def test_each_kind_of_network_is_read() -> None:
    host = networks(
        told("default", NAT, active=False), told("lan", LAN), told("direct", MACVTAP), told("alone", ISOLATED)
    )
    assert host.by_name("default") == Network(
        name="default", active=False, bridge="virbr0", forward="nat", portgroups=frozenset()
    )
    lan, direct, alone = host.all[1:]
    assert (lan.active, lan.bridge, lan.forward) == (True, "br7", "bridge")
    assert lan.portgroups == {"blue", "red"}
    assert (direct.bridge, direct.forward) == (None, "passthrough")
    assert (alone.bridge, alone.forward) == ("virbr1", None)
    assert host.by_name("other") is None


def test_a_network_that_cannot_be_read_does_not_hide_the_others() -> None:
    host = networks(told("a", "", error="denied"), told("b", "<pool/>"), told("lan", LAN))
    assert host.by_name("lan") is not None
    with pytest.raises(Unreadable, match="network a: denied"):
        host.by_name("a")
    with pytest.raises(Unreadable, match="network b: its XML is a <pool>, not a <network>"):
        host.by_name("b")


def test_a_host_that_lists_no_networks_says_why_when_one_is_asked_for() -> None:
    with pytest.raises(Unreadable, match="libvirt did not list its networks: no driver"):
        networks(error="no driver").by_name("lan")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(json.dumps({"networks": [told("lan", LAN)], "error": None})):
        with contextlib.suppress(Unreadable):
            Networks.parse(record)
