import time

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.names.name_service import NameService

UDP = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def udp_line(address: str) -> str:
    return (
        f"  123: {address} {'0' * (len(address) - 5)}:0000 07 00000000:00000000 00:00000000 00000000   101  0 5 2 0 0\n"
    )


def service(nsswitch: str | None = "hosts: files dns\n", resolv: str | None = "", udp: str = "") -> NameService:
    missing = Record("", MISSING)
    return NameService.parse(
        missing if nsswitch is None else Record(nsswitch),
        missing if resolv is None else Record(resolv),
        Record(UDP + udp),
    )


def test_services_come_in_their_order_and_actions_apart() -> None:
    known = service("passwd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # why\n")
    assert known.hosts_services == ("files", "mdns4_minimal", "dns")
    assert known.hosts_actions == ("", "NOTFOUND=return", "")
    assert not known.hosts_default


def test_actions_need_no_space_around_them() -> None:
    known = service("hosts: resolve[!UNAVAIL=return]files\n")
    assert (known.hosts_services, known.hosts_actions) == (("resolve", "files"), ("!UNAVAIL=return", ""))


@pytest.mark.parametrize("nsswitch", [None, "", "passwd: files\n", "#hosts: dns\n", "hosts:\n"])
def test_without_a_line_glibc_has_a_default(nsswitch: str | None) -> None:
    known = service(nsswitch)
    assert known.hosts_services == ("files", "dns")
    assert known.hosts_default


def test_name_servers_know_their_place() -> None:
    (server,) = service(resolv="# nameserver 192.0.2.9\nnameserver\t192.0.2.53 # x\n").nameservers
    assert server.value == "192.0.2.53"
    assert server.at is not None
    assert (server.at.path, server.at.line, server.at.column, server.at.end_column) == ("/etc/resolv.conf", 2, 12, 22)


def test_glibc_asks_no_more_than_three_name_servers() -> None:
    text = "".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 6))
    assert [server.value for server in service(resolv=text).nameservers] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


@pytest.mark.parametrize(
    "line", [" nameserver 192.0.2.1", "nameserver", "nameserver ns1", "nameservers 192.0.2.1", "; nameserver 192.0.2.1"]
)
def test_a_line_that_glibc_does_not_take_is_no_name_server(line: str) -> None:
    assert service(resolv=line + "\n").nameservers == ()


@pytest.mark.parametrize(
    "line", ["nameserver 2001:db8::53", "nameserver fe80::1%eth0", "nameserver 192.0.2.1 192.0.2.2"]
)
def test_a_line_that_glibc_takes_is_one(line: str) -> None:
    assert len(service(resolv=line + "\n").nameservers) == 1


@pytest.mark.parametrize(
    ("address", "answers"),
    [
        ("0100007F:0035", True),
        ("3500007F:0035", True),
        ("00000000:0035", True),
        ("00000000000000000000000001000000:0035", True),
        ("00000000000000000000000000000000:0035", True),
        ("0100007F:0036", False),
        ("0B0200C0:0035", False),
        ("B80D0120000000000000000001000000:0035", False),
    ],
)
def test_a_local_server_listens_on_the_loopback_or_on_any_address(address: str, answers: bool) -> None:
    known = service(resolv=None, udp=udp_line(address))
    assert (known.local_dns, known.dns_can_answer) == (answers, answers)


def test_dns_can_answer_where_a_server_is_configured() -> None:
    assert service(resolv="nameserver 192.0.2.1\n").dns_can_answer
    assert not service(resolv="search example.com\n").dns_can_answer


def test_no_table_of_sockets_is_not_an_empty_one() -> None:
    with pytest.raises(Unreadable, match="socket table is missing"):
        NameService.parse(Record(""), Record(""), Record(""))


def test_a_file_that_may_not_be_read_is_unknown() -> None:
    with pytest.raises(Unreadable, match="Permission denied"):
        NameService.parse(Record("", 1, "head: /etc/nsswitch.conf: Permission denied"), Record(""), Record(UDP))


@pytest.mark.parametrize("pump", ["[", " ", "[ ", "] ", "[x ", "a["])
def test_brackets_without_an_end_take_no_longer_than_other_text(pump: str) -> None:
    """T3: `hosts: [[[[…` of 500 KB took over a minute."""
    began = time.process_time()
    service(nsswitch="hosts: files " + pump * (16_000 // len(pump)))
    assert time.process_time() - began < 0.5
