"""A snapshot gives the same answers about a name as the host itself. See cases/peer_name/record.py."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.names.peer_name import PeerName
from tests.fact_of import fact_of

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "cases" / "peer_name" / "glibc-2.36-and-2.41.json").read_text()
)
NOT_ASKED = Record("", MISSING)
#: The names that were asked about; those that no host can have are not looked up at all.
NAMES = [name for name in next(iter(RECORDED["hosts"].values()))["answers"] if "#" not in name]
#: What these mean only the host's own C library can tell: numbers that inet_aton takes, and interfaces' names.
UNDECIDED = {"10.1", "2130706433", "0x7f000001", "fe80::1%v0", "fe80::1%nosuch"}
UDP = "  sl  local_address rem_address   st\n"
OWN = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 192.0.2.11/24 scope global eth0\n"


def named(name: str, resolve: Record, answers: Mapping[str, str]) -> PeerName:
    return fact_of(PeerName, {"peer.name": name, "peer.resolve": resolve, **answers})


def texts(host: dict[str, Any]) -> dict[str, str]:
    return {
        "etc.hosts": RECORDED["etc_hosts"],
        "nsswitch": host["nsswitch"],
        "resolv": "",
        "udp-sockets": host["udp"],
        "addresses": host["addresses"],
        "kernel.hostname": "host1\n",
    }


@pytest.mark.parametrize("host", RECORDED["hosts"])
@pytest.mark.parametrize("name", NAMES)
def test_asked_and_derived_are_equal(host: str, name: str) -> None:
    known = RECORDED["hosts"][host]
    code, out = known["answers"][name]
    asked = named(name, Record(out, code), texts(known))
    if name in UNDECIDED:
        with pytest.raises(Unreadable, match="was not asked"):
            named(name, NOT_ASKED, texts(known))
    else:
        assert named(name, NOT_ASKED, texts(known)) == asked


@pytest.mark.parametrize("host", RECORDED["hosts"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_derived_with_less_known_is_right_or_unknown(host: str, name: str) -> None:
    known = RECORDED["hosts"][host]
    code, out = known["answers"][name]
    asked = named(name, Record(out, code), texts(known))
    less = {record: text for record, text in texts(known).items() if record not in {"addresses", "kernel.hostname"}}
    with contextlib.suppress(Unreadable):
        assert named(name, NOT_ASKED, less) == asked


@pytest.mark.parametrize("name", ["mid#dle", "a b", "x;touch", "$(id)", "a\nb", "-x", "x" * 254, "{{ x }}", "zürich"])
def test_a_name_that_no_host_can_have_is_unreadable(name: str) -> None:
    with pytest.raises(Unreadable, match="is not a host name"):
        derived(name)


def derived(
    name: str,
    etc_hosts: str = "192.0.2.12 host2.example.com host2\n",
    nsswitch: str = "hosts: files dns\n",
    resolv: str = "",
    hostname: str = "host1",
) -> PeerName:
    answers = {"etc.hosts": etc_hosts, "nsswitch": nsswitch, "resolv": resolv, "udp-sockets": UDP, "addresses": OWN}
    return named(name, NOT_ASKED, answers | {"kernel.hostname": hostname})


def test_a_name_in_the_file_points_at_its_line() -> None:
    known = derived("host2")
    assert (known.addresses, known.from_file, known.resolves) == (("192.0.2.12",), True, True)
    (line,) = known.lines
    assert line.at is not None
    assert (line.at.line, line.at.column) == (1, 30)
    assert known.place_of("192.0.2.12") is not None
    assert known.place_of("192.0.2.13") is None


def test_a_name_that_is_commented_out_is_not_found_but_pointed_at() -> None:
    known = derived("host2", "#192.0.2.12 host2\n")
    assert (known.addresses, known.lines, len(known.commented)) == ((), (), 1)
    assert not known.from_file


def test_a_name_that_dns_might_know_is_unknown() -> None:
    with pytest.raises(Unreadable, match="not asked to resolve host9: take the snapshots with `check --save`"):
        derived("host9", resolv="nameserver 192.0.2.53\n")
    assert derived("host2", resolv="nameserver 192.0.2.53\n").addresses == ("192.0.2.12",)


@pytest.mark.parametrize(
    "services",
    [
        "dns files",
        "resolve [!UNAVAIL=return] files",
        "myhostname files",
        "files [SUCCESS=continue] dns",
        "files [SUCCESS=merge] dns",
        "files [!UNAVAIL=continue] dns",
    ],
)
def test_what_other_services_might_add_is_unknown(services: str) -> None:
    with pytest.raises(Unreadable, match="was not asked"):
        derived("host2", nsswitch=f"hosts: {services}\n")


@pytest.mark.parametrize(
    "services",
    [
        "files mymachines dns",
        "files resolve",
        "files mdns4_minimal [NOTFOUND=return] dns",
        "files [UNAVAIL=return] dns",
    ],
)
def test_what_other_services_might_know_is_unknown(services: str) -> None:
    assert derived("host2", nsswitch=f"hosts: {services}\n").addresses == ("192.0.2.12",)
    with pytest.raises(Unreadable, match="was not asked"):
        derived("host9", nsswitch=f"hosts: {services}\n")


def test_the_file_has_the_last_word_where_the_search_stops_there() -> None:
    known = derived("host9", nsswitch="hosts: files [NOTFOUND=return] dns\n", resolv="nameserver 192.0.2.53\n")
    assert known.addresses == ()


@pytest.mark.parametrize("name", ["host1", "HOST1", "localhost", "db.localhost", "_gateway"])
def test_myhostname_knows_the_host_itself_and_no_other(name: str) -> None:
    services = "hosts: files myhostname\n"
    assert derived("host9", nsswitch=services).addresses == ()
    with pytest.raises(Unreadable, match="was not asked"):
        derived(name, nsswitch=services)


def test_without_a_hosts_line_the_order_depends_on_the_release_of_glibc() -> None:
    with pytest.raises(Unreadable, match="was not asked"):
        derived("host2", nsswitch="", resolv="nameserver 192.0.2.53\n")


def test_an_address_resolves_to_itself() -> None:
    known = derived("192.0.2.99")
    assert (known.addresses, known.is_address, known.from_file) == (("192.0.2.99",), True, False)
    assert not derived("host2").is_address


def test_answers_are_in_one_order_whatever_the_routes() -> None:
    out = "2001:db8::2 STREAM host2\n10.0.0.9 STREAM\n9.0.0.1 STREAM\n9.0.0.1 DGRAM\n::ffff:10.0.0.9 RAW\n"
    known = named("host2", Record(out), {"etc.hosts": ""})
    assert known.addresses == ("9.0.0.1", "10.0.0.9", "2001:db8::2")


def test_a_getent_that_failed_otherwise_is_unknown() -> None:
    with pytest.raises(Unreadable, match="getent: not found"):
        named("host2", Record("", 127, "sh: 1: getent: not found"), {"etc.hosts": ""})


def test_an_empty_name_is_unknown() -> None:
    with pytest.raises(Unreadable, match="empty name"):
        derived("")
