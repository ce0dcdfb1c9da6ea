import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.addresses import InterfaceAddress, OwnAddresses, is_loopback, plain

TEXT = r"""1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \       valid_lft forever preferred_lft forever
2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0\       valid_lft forever preferred_lft forever
2: eth0    inet6 2001:db8::11/64 scope global nodad \       valid_lft forever preferred_lft forever
2: eth0    inet6 fe80::1/64 scope link \       valid_lft forever preferred_lft forever
3: virbr0    inet 192.168.122.1/24 brd 192.168.122.255 scope global virbr0\       valid_lft forever
4: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\       valid_lft forever preferred_lft forever
"""


@pytest.fixture
def own() -> OwnAddresses:
    return OwnAddresses.parse(Record(TEXT))


def test_every_address_is_read(own: OwnAddresses) -> None:
    assert own.addresses[2] == InterfaceAddress(interface="eth0", address="192.0.2.11", prefix=24)
    assert own.addresses[6] == InterfaceAddress(interface="tun0", address="10.8.0.1", prefix=32)
    assert len(own.addresses) == 7


def test_knows_its_own(own: OwnAddresses) -> None:
    assert own.has("192.0.2.11")
    assert own.has("2001:0db8:0::11")
    assert own.has("::ffff:192.0.2.11")
    assert own.has("127.0.1.1")
    assert not own.has("192.0.2.12")
    assert not own.has("host1")


def test_others_reach_it_by_what_is_neither_loopback_nor_link_local(own: OwnAddresses) -> None:
    assert own.global_addresses == ("192.0.2.11", "2001:db8::11", "192.168.122.1", "10.8.0.1")


def test_a_neighbour_is_met_on_its_network(own: OwnAddresses) -> None:
    assert [met.interface for met in own.met_by("192.0.2.77")] == ["eth0"]
    assert [met.address for met in own.met_by("2001:db8::7")] == ["2001:db8::11"]


def test_one_from_afar_may_be_met_anywhere_on_the_same_version_of_ip(own: OwnAddresses) -> None:
    assert [met.interface for met in own.met_by("203.0.113.1")] == ["eth0", "virbr0", "tun0"]
    only4 = OwnAddresses.parse(Record(TEXT.splitlines()[0] + "\n" + TEXT.splitlines()[2]))
    assert only4.met_by("2001:db8::7") == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "::2", "localhost", ""])
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


def test_plain_form() -> None:
    assert plain("2001:DB8:0:0::1") == "2001:db8::1"
    assert plain("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain("host1") == "host1"


@pytest.mark.parametrize(
    "text",
    ["", "sh: ip: not found\n", "2: eth0    inet 192.0.2.300/24 scope global\n", "2: eth0    inet 192.0.2.1/99 x\n"],
)
def test_text_without_addresses_is_unknown(text: str) -> None:
    with pytest.raises(Unreadable):
        OwnAddresses.parse(Record(text))


def test_is_beside_what_is_on_a_network_of_its_own_and_nothing_else() -> None:
    text = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 192.0.2.11/24 scope global eth0\n"
    own = OwnAddresses.parse(Record(text))
    assert [one.interface for one in own.beside("192.0.2.12")] == ["eth0"]
    assert [own.beside(other) for other in ("198.51.100.1", "2001:db8::1", "127.0.0.9")] == [(), (), ()]
