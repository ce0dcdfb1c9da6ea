"""On the source, the destination's announced name resolves to an address that the destination does not have."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "hosts-entry-address-wrong"
FIX = "in /etc/hosts on the source: 192.0.2.12 host2.example.com"
ERROR = "unable to connect to server at 'host2.example.com:"


def with_address(address: str) -> Case:
    """Return the sound pair, but for the address that the source's /etc/hosts gives to the destination's name."""
    return Case().source("etc.hosts", lambda text: text.replace("192.0.2.12", address))


def test_catches_an_address_that_the_destination_does_not_have() -> None:
    result = with_address("192.0.2.99").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert (
        finding.message
        == "on the source, host2.example.com resolves to 192.0.2.99, which is not an address of the destination"
    )
    assert finding.location is not None
    place = finding.location
    assert (place.path, place.line, place.column, place.end_column) == ("/etc/hosts", 4, 1, 11)
    assert (finding.predicted_error, finding.fix) == (ERROR, FIX)


def test_catches_an_address_that_dns_gives_and_then_points_at_no_line() -> None:
    answer = Record("192.0.2.77      STREAM host2.example.com\n192.0.2.77      DGRAM  \n")
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").source("resolve:host2.example.com", answer)
    [finding] = case.result(RULE).findings
    assert finding.location is None
    assert "192.0.2.77" in finding.message


def test_catches_a_migration_host_that_is_an_address_of_another_machine() -> None:
    case = Case().destination("qemu.conf", lambda text: text + 'migration_host = "192.0.2.13"\n')
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "unable to connect to server at '192.0.2.13:"
    assert finding.location is None
    # no line of /etc/hosts makes an address another one
    change = "set migration_host in the destination's qemu.conf to 192.0.2.12"
    assert finding.fix == f"{change}, and restart its libvirt daemon"


def test_warns_when_a_right_address_is_tried_too_and_predicts_no_error() -> None:
    case = Case().source("etc.hosts", lambda text: text + "192.0.2.99 host2.example.com\n")
    result = case.result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert (finding.location and finding.location.line, finding.predicted_error) == (6, None)
    assert finding.fix == FIX


def test_catches_a_wrong_address_as_an_error_when_the_other_is_the_sources_own() -> None:
    case = with_address("192.0.2.99").source("etc.hosts", lambda text: text + "127.0.1.1 host2.example.com\n")
    result = case.result(RULE)
    assert result.blocks
    [finding] = result.findings
    assert "192.0.2.99" in finding.message


def test_names_the_address_of_the_network_that_both_hosts_are_on() -> None:
    storage = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = with_address("192.0.2.99").destination("addresses", lambda text: storage + text)
    [finding] = case.result(RULE).findings
    assert finding.fix == FIX


def met(address: str, *keys: str) -> Case:
    """Do what `with_address` does, for a destination with one host key; the source found these keys at the address."""
    case = with_address(address).destination("host-keys", Record("ssh-ed25519 AAAAtheirs\n"))
    text = "".join(f"{address} {key}\n" for key in keys)
    return case.source("keys:host2.example.com", Record(f"# {address}:22 SSH-2.0-OpenSSH_9.2p1\n{text}"))


def test_is_unknown_when_the_destinations_own_sshd_answers_at_an_address_that_is_translated() -> None:
    result = met("198.51.100.12", "ssh-rsa AAAAother", "ssh-ed25519 AAAAtheirs").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert "it is unknown whether the migration ports are translated too" in (result.reason or "")


def test_passes_a_translated_address_beside_the_destinations_own() -> None:
    case = met("198.51.100.12", "ssh-ed25519 AAAAtheirs")
    case.source("etc.hosts", lambda text: text + "192.0.2.12 host2.example.com\n")
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("keys", ["ssh-ed25519 AAAAothers", "ssh-rsa AAAAtheirs"])
def test_catches_an_address_behind_a_router_at_which_another_sshd_answers(keys: str) -> None:
    result = met("198.51.100.12", keys).result(RULE)
    assert result.blocks
    assert result.findings[0].predicted_error == ERROR


def test_is_unknown_when_nothing_answers_behind_a_router_since_silence_proves_nothing() -> None:
    result = met("198.51.100.12").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert "no ssh host key shows which machine answers there" in (result.reason or "")


@pytest.mark.parametrize(
    ("end", "record"), [("source", "keys:host2.example.com"), ("destination", "host-keys")], ids=["met", "own"]
)
def test_is_unknown_when_the_keys_are_not_known_since_nothing_is_proven_then(end: str, record: str) -> None:
    case = met("198.51.100.12", "ssh-ed25519 AAAAtheirs")
    getattr(case, end)(record, Record("198.51.100.12 ssh-ed25519 AAAAtheirs\n", 1))
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_catches_a_silent_address_on_the_network_of_both_hosts_since_nothing_on_the_way_translates_it() -> None:
    assert met("192.0.2.99").result(RULE).blocks


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_only_one_host_is_on_the_network_of_a_silent_address(end: str) -> None:
    line = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = met("198.51.100.12")
    getattr(case, end)("addresses", lambda text: text + line)
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_a_silent_address_is_tried_beside_one_of_another_machine() -> None:
    case = met("198.51.100.12")
    case.source("etc.hosts", lambda text: text + "192.0.2.99 host2.example.com\n")
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_warns_of_a_silent_address_beside_the_destinations_own() -> None:
    case = met("198.51.100.12")
    case.source("etc.hosts", lambda text: text + "192.0.2.12 host2.example.com\n")
    assert (case.result(RULE).outcome, case.result(RULE).severity) == (Outcome.FAILED, Severity.WARNING)


def test_is_unknown_when_a_translated_address_is_tried_beside_one_of_nobodys() -> None:
    case = met("198.51.100.12", "ssh-ed25519 AAAAtheirs")
    case.source("etc.hosts", lambda text: text + "192.0.2.99 host2.example.com\n")
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_another_address_that_the_destination_has() -> None:
    storage = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = with_address("198.51.100.2").destination("addresses", lambda text: text + storage)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_ipv6_address_of_the_destinations_that_is_written_in_a_longer_form() -> None:
    six = "2: eth0    inet6 2001:db8::12/64 scope global \\  valid_lft forever preferred_lft forever\n"
    case = with_address("2001:0DB8:0::0012").destination("addresses", lambda text: text + six)
    case.source("addresses", lambda text: text + six.replace("::12", "::11"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_ipv4_address_written_inside_an_ipv6_one() -> None:
    assert with_address("::ffff:192.0.2.12").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("address", ["127.0.1.1", "192.0.2.11"])
def test_passes_the_sources_own_address_which_another_rule_names(address: str) -> None:
    assert with_address(address).result(RULE).outcome is Outcome.PASSED


def test_passes_a_wrong_line_for_a_name_that_is_not_announced() -> None:
    case = Case().source("etc.hosts", lambda text: text + "192.0.2.99 host2\n192.0.2.98 host2.example.net\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_does_not_resolve_at_all() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_calls_itself_localhost_since_no_line_would_help() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    case.source("etc.hosts", lambda text: text + "192.0.2.99 localhost\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent_to_that_name() -> None:
    case = with_address("192.0.2.99")
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("end", "record"), [("source", "addresses"), ("destination", "addresses"), ("destination", "libvirt.hostname")]
)
def test_is_unknown_when_an_address_or_the_name_is_not_known(end: str, record: str) -> None:
    case = with_address("192.0.2.99")
    getattr(case, end)(record, None)
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


ELSEWHERE = "198.51.100.12"
PORT = "host2.example.com 49215"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (f"listener ended\nport 0 {PORT} \n", Outcome.PASSED),
        (f"listener open\nport 0 {PORT} \n", Outcome.UNKNOWN),
        (f"listener ended\nport 124 {PORT} \n", Outcome.FAILED),
        (f"listener open\nport 1 {PORT} No route to host\n", Outcome.FAILED),
        (f"listener open\nport 1 {PORT} Connection refused\n", Outcome.UNKNOWN),
        (f"port 124 {PORT} \n", Outcome.UNKNOWN),
        ("unprobed the destination's firewall blocks the port\n", Outcome.UNKNOWN),
    ],
    ids=["met", "another took it", "silent", "unreachable", "rejected", "not probed", "could not be probed"],
)
def test_a_probe_settles_an_address_behind_a_router(answer: str, outcome: Outcome) -> None:
    """Neither is it on a network of both hosts, nor does an sshd answer there."""
    case = with_address(ELSEWHERE).source("way.memory", answer).asking(probe=True)
    result = case.result(RULE)
    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert (result.severity, result.findings[0].predicted_error) == (Severity.ERROR, ERROR)
