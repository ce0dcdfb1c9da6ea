import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.network.listening import Listener, Listening

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
