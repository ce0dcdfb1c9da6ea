"""The destination's announced name resolves to the source itself."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "announced-name-is-loopback-or-self"
FIX = "in /etc/hosts on the source: 192.0.2.12 host2.example.com"
ERROR = "unable to connect to server at 'host2.example.com:"


def with_address(address: str) -> Case:
    """Return the sound pair, but for the address that the source's /etc/hosts gives to the destination's name."""
    return Case().source("etc.hosts", lambda text: text.replace("192.0.2.12", address))


@pytest.mark.parametrize("address", ["127.0.1.1", "127.0.0.1", "192.0.2.11", "::ffff:127.0.1.1"])
def test_catches_an_address_of_the_sources_own(address: str) -> None:
    result = with_address(address).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    own = address.removeprefix("::ffff:")
    assert finding.host is Role.SOURCE
    assert (
        finding.message
        == f"host2.example.com, announced by the destination, resolves to {own}, an address of the source itself"
    )
    assert finding.location is not None
    place = finding.location
    assert (place.path, place.line, place.column, place.end_column) == ("/etc/hosts", 4, 1, 1 + len(address))
    assert (finding.predicted_error, finding.fix) == (ERROR, FIX)


def test_catches_the_loopback_of_ipv6() -> None:
    result = with_address("::1").result(RULE)
    assert result.blocks
    assert {finding.location.line for finding in result.findings if finding.location} == {4}


def test_catches_an_address_that_dns_gives_and_then_points_at_no_line() -> None:
    answer = Record("127.0.1.1       STREAM host2.example.com\n")
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").source("resolve:host2.example.com", answer)
    [finding] = case.result(RULE).findings
    assert finding.location is None
    assert (finding.predicted_error, finding.fix) == (ERROR, FIX)


def test_warns_when_a_right_address_is_tried_too_and_predicts_no_error() -> None:
    case = Case().source("etc.hosts", lambda text: text + "127.0.1.1 host2.example.com host2\n")
    result = case.result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert (finding.location and finding.location.line, finding.predicted_error) == (6, None)
    assert finding.fix == FIX


def test_catches_the_loopback_as_an_error_when_the_other_address_is_a_wrong_one() -> None:
    case = with_address("127.0.1.1").source("etc.hosts", lambda text: text + "192.0.2.99 host2.example.com\n")
    result = case.result(RULE)
    assert result.blocks
    [finding] = result.findings
    assert finding.predicted_error == ERROR


def test_catches_two_loopback_addresses_as_errors_both() -> None:
    case = with_address("127.0.1.1").source("etc.hosts", lambda text: text + "127.0.0.1 host2.example.com\n")
    result = case.result(RULE)
    assert (len(result.findings), result.severity) == (2, Severity.ERROR)


def test_catches_an_announced_address_of_the_sources_own_and_says_where_to_correct_it() -> None:
    case = Case().destination("qemu.conf", lambda text: text + 'migration_host = "127.0.0.2"\n')
    [finding] = case.result(RULE).findings
    assert (finding.host, finding.location) == (Role.SOURCE, None)
    assert finding.predicted_error == "unable to connect to server at '127.0.0.2:"
    change = "set migration_host in the destination's qemu.conf to 192.0.2.12"
    assert finding.fix == f"{change}, and restart its libvirt daemon"


def test_names_the_address_of_the_network_that_both_hosts_are_on() -> None:
    storage = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = with_address("127.0.1.1").destination("addresses", lambda text: storage + text)
    [finding] = case.result(RULE).findings
    assert finding.fix == FIX


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_has_its_own_name_on_loopback_as_debian_sets_it_up() -> None:
    # 127.0.1.1 in the destination's own file: libvirt announces the name, and the source resolves it for itself
    case = Case().destination("etc.hosts", lambda text: text.replace("192.0.2.12", "127.0.1.1"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_source_that_has_its_own_name_on_loopback() -> None:
    case = Case().source("etc.hosts", lambda text: text.replace("192.0.2.11", "127.0.1.1"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_loopback_line_that_is_commented_out() -> None:
    case = Case().source("etc.hosts", lambda text: text + "#127.0.1.1 host2.example.com host2\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_loopback_line_for_the_short_name_which_is_not_announced() -> None:
    case = Case().source("etc.hosts", lambda text: text + "127.0.1.1 host2\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_address_that_is_wrong_but_not_the_sources() -> None:
    assert with_address("192.0.2.99").result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_does_not_resolve_at_all() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_calls_itself_localhost_since_no_line_would_help() -> None:
    # destination-hostname-localhost says so; "192.0.2.12 localhost" in the source's hosts file would do harm
    assert Case().destination("libvirt.hostname", "localhost").result(RULE).outcome is Outcome.PASSED


def test_passes_one_host_that_was_named_twice_which_another_rule_says() -> None:
    assert Case("ready/host1", "ready/host1").result(RULE).outcome is Outcome.PASSED


def test_catches_an_address_that_both_hosts_have_as_that_of_the_default_network() -> None:
    bridge = "3: virbr0    inet 192.168.122.1/24 scope global virbr0\\  valid_lft forever preferred_lft forever\n"
    case = with_address("192.168.122.1").source("addresses", lambda text: text + bridge)
    case.destination("addresses", lambda text: text + bridge)
    assert case.result(RULE).blocks


def test_does_not_apply_where_no_memory_is_sent_to_that_name() -> None:
    case = with_address("127.0.1.1")
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("end", "record"), [("source", "addresses"), ("destination", "addresses"), ("destination", "libvirt.hostname")]
)
def test_is_unknown_when_an_address_or_the_name_is_not_known(end: str, record: str) -> None:
    case = with_address("127.0.1.1")
    getattr(case, end)(record, None)
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


@pytest.mark.parametrize("host", ["192.0.2.11", "localhost", "127.0.0.1"])
def test_catches_the_source_itself_in_migrateuri(host: str) -> None:
    case = Case().asking(migrateuri=f"tcp://{host}").source("resolve:localhost", "127.0.0.1  STREAM localhost\n")
    result = case.result(RULE)
    assert result.blocks
    [finding] = result.findings
    assert finding.message.startswith(f"{host}, given with --migrateuri, resolves to ")
    assert finding.predicted_error == f"unable to connect to server at '{host}:"
    if host != "localhost":
        assert finding.fix == "--migrateuri tcp://192.0.2.12"
