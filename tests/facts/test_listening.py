import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.listening import Listener, Listening
from preflight.facts.network.open_connections import OpenConnections

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 18421 1 0000000000000000 100 0 0 10 0\n"
TABLE = (
    HEAD
    + f"   0: 00000000:0016 00000000:0000 0A {REST}"
    + f"   1: 0B0200C0:C000 00000000:0000 0A {REST}"
    + f"   2: 0B0200C0:C001 0C0200C0:0016 01 {REST}"
    + HEAD
    + f"   0: 00000000000000000000000000000000:C03F 00000000000000000000000000000000:0000 0A {REST}"
    + f"   1: B80D0120000000000000000011000000:C040 00000000000000000000000000000000:0000 0A {REST}"
    + f"1024: 0000000000000000FFFF00000100007F:C041 00000000000000000000000000000000:0000 0A {REST}"
)


def test_addresses_are_words_of_a_little_endian_machine() -> None:
    assert Listening.parse(Record(TABLE)).listeners == (
        Listener(address="0.0.0.0", port=22),
        Listener(address="192.0.2.11", port=49152),
        Listener(address="::", port=49215),
        Listener(address="2001:db8::11", port=49216),
        Listener(address="127.0.0.1", port=49217),
    )


def test_a_connection_is_no_listener() -> None:
    assert Listening.parse(Record(TABLE)).used_in(49152, 49215) == {49152, 49215}


@pytest.mark.parametrize(
    ("address", "port", "taken"),
    [
        ("0.0.0.0", 49152, True),
        ("192.0.2.11", 49152, True),
        ("192.0.2.12", 49152, False),
        ("192.0.2.12", 22, True),
        ("192.0.2.12", 49215, True),
        ("::", 49215, True),
        ("::", 49152, False),
        ("::", 49216, True),
        ("0.0.0.0", 49216, False),
        ("::1", 22, False),
        ("", 49215, True),
        ("", 49152, False),
        ("", 49216, False),
    ],
)
def test_a_port_is_taken_by_who_listens_at_the_address_or_at_all_of_its_family(
    address: str, port: int, taken: bool
) -> None:
    assert Listening.parse(Record(TABLE)).in_the_way(address, port) is taken


def test_an_empty_table_is_no_listener() -> None:
    assert Listening.parse(Record(HEAD)).used_in(1, 65535) == frozenset()


@pytest.mark.parametrize(
    "text", ["", "cat: /proc/net/tcp: Permission denied\n", TABLE[:-9], TABLE.replace("0B0200C0", "XX0200C0")]
)
def test_anything_else_is_unknown(text: str) -> None:
    with pytest.raises(Unreadable, match="socket table"):
        Listening.parse(Record(text))


def test_connections_are_counted_by_the_other_end() -> None:
    peers = (f"   {at}: 0C0200C0:0016 {peer}:C001 01 {REST}" for at, peer in enumerate(["0B0200C0"] * 3 + ["010200C0"]))
    mapped = f"   9: 0000000000000000FFFF00000C0200C0:0016 0000000000000000FFFF00000B0200C0:C001 01 {REST}"
    found = OpenConnections.parse(Record(HEAD + "".join(peers) + HEAD + mapped))
    assert found.to([22], None) == 5
    assert found.to([22], ["192.0.2.11", "192.0.2.1", "192.0.2.7"]) == 4
    assert (found.to([22], ["192.0.2.7"]), found.to([22], []), found.to([23], None)) == (0, 0, 0)
    assert OpenConnections.parse(Record(TABLE)).to([22], None) == 0
