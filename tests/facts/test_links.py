import contextlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.links import Links
from tests.facts.noise import answers

TEXT = r"""1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\
2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\
3: eth0.7@eth0: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000\
10: br9: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000\    link/ether
"""


def test_every_link_is_read_by_its_own_name() -> None:
    links = Links.parse(Record(TEXT))
    assert links.names == {"lo", "eth0", "eth0.7", "br9"}
    assert links.has("br9")
    assert not links.has("if4")


def test_what_kind_of_link_it_is_stands_behind_its_address() -> None:
    details = r"\    link/ether 1e:23:7c:33:8e:1d brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 maxmtu 65535 "
    text = (
        rf"5: brq: <BROADCAST> mtu 1500 state DOWN{details}\    bridge forward_delay 1500" + "\n"
        rf"7: vq@vqp: <BROADCAST> mtu 1500 master brq{details}\    veth \    bridge_slave state disabled" + "\n"
        rf"8: eth1: <BROADCAST> mtu 1500 state UP{details}\    bridge_slave state disabled" + "\n"
        rf"9: eth0: <BROADCAST> mtu 1500 state UP{details}addrgenmode eui64" + "\n"
    )
    links = Links.parse(Record(text))
    assert links.kinds == {"brq": "bridge", "vq": "veth", "eth1": None, "eth0": None}
    bridge = frozenset(("bridge",))
    assert [name for name in links.kinds if links.is_other_than(name, bridge)] == ["vq", "eth1", "eth0"]
    assert not links.is_other_than("br9", bridge)


def test_without_details_no_kind_is_told() -> None:
    assert Links.parse(Record(TEXT)).kinds == {}


def test_a_host_that_did_not_tell_says_why_when_a_link_is_asked_for() -> None:
    links = Links.parse(Record("", 1, "not collected"))
    with pytest.raises(Unreadable, match="not collected"):
        links.has("br9")


@pytest.mark.parametrize("text", ["", "\n", "sh: ip: not found\n", "Device does not exist.\n"])
def test_text_without_links_is_unknown(text: str) -> None:
    with pytest.raises(Unreadable):
        Links.parse(Record(text))


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(TEXT):
        with contextlib.suppress(Unreadable):
            Links.parse(record)


def test_mtus_are_read_by_name() -> None:
    links = Links.parse(
        Record(TEXT.replace("br9: <BROADCAST,MULTICAST> mtu 1500", "br9: <BROADCAST,MULTICAST> mtu 9000"))
    )
    assert [links.mtu(name) for name in ("lo", "eth0", "br9")] == [65536, 1500, 9000]
    with pytest.raises(Unreadable, match="the MTU of eth9 is unknown"):
        links.mtu("eth9")
    with pytest.raises(Unreadable, match="not collected"):
        Links.parse(Record("", 1, "not collected")).mtu("eth0")
