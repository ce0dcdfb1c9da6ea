"""The source cannot resolve the name that the destination announces."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "announced-name-unresolvable"
FIX = "add to /etc/hosts on the source: 192.0.2.12 host2.example.com"
ERROR = "Unable to resolve address 'host2.example.com' service '"
NOT_FOUND = Record("", 2)  # getent(1)


def test_catches_a_line_that_is_gone_from_the_sources_hosts_file() -> None:
    result = Case("hosts-line-gone/host1", "hosts-line-gone/host2").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "host2.example.com, announced by the destination, is neither in /etc/hosts nor in DNS"
    assert finding.location is not None
    place = finding.location
    # behind the last of its four lines, where the missing one can be added
    assert (place.path, place.line, place.column, place.end_column, place.text) == ("/etc/hosts", 5, 1, 2, "")
    assert finding.predicted_error == ERROR
    assert finding.fix == FIX


def test_catches_a_line_that_is_commented_out_and_points_at_the_name_in_it() -> None:
    result = Case().source("etc.hosts", lambda text: text.replace("192.0.2.12", "# 192.0.2.12")).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "the line for host2.example.com in /etc/hosts is commented out"
    assert finding.location is not None
    place = finding.location
    assert (place.path, place.line, place.column, place.end_column) == ("/etc/hosts", 4, 14, 31)
    assert place.text == "# 192.0.2.12 host2.example.com host2"
    assert (finding.predicted_error, finding.fix) == (ERROR, FIX)


def test_catches_each_of_two_lines_that_are_commented_out() -> None:
    lines = "#192.0.2.12 host2.example.com\n#192.0.2.99 host2.example.com\n"
    result = Case("hosts-line-gone/host1").source("etc.hosts", lambda text: text + lines).result(RULE)
    assert [finding.location and finding.location.line for finding in result.findings] == [5, 6]


def test_catches_a_hosts_file_that_knows_the_short_name_alone() -> None:
    result = Case().source("etc.hosts", lambda text: text.replace("host2.example.com host2", "host2")).result(RULE)
    [finding] = result.findings
    assert finding.message.startswith("host2.example.com, announced by the destination")


def test_catches_a_name_that_the_sources_own_resolver_does_not_find_though_the_file_has_it() -> None:
    # as with "hosts: dns" in nsswitch.conf: what the resolver said outweighs what the file says
    result = Case().source("resolve:host2.example.com", NOT_FOUND).result(RULE)
    assert result.outcome is Outcome.FAILED


def test_catches_a_migration_host_that_the_source_does_not_know() -> None:
    case = Case().destination("qemu.conf", lambda text: text + 'migration_host = "host2-storage.example.com"\n')
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "Unable to resolve address 'host2-storage.example.com' service '"
    assert finding.fix == "add to /etc/hosts on the source: 192.0.2.12 host2-storage.example.com"


def test_names_the_address_of_the_network_that_both_hosts_are_on() -> None:
    storage = "3: eth1    inet 198.51.100.2/24 scope global eth1\\  valid_lft forever preferred_lft forever\n"
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    case.destination("addresses", lambda text: storage + text)
    [finding] = case.result(RULE).findings
    assert finding.fix == FIX


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.12\thost2 HOST2.Example.COM\n",
        "192.0.2.12 host2.example.com # 192.0.2.99 host2.example.com\n",
        "#192.0.2.99 host2.example.com\n192.0.2.12 host2.example.com\n",
        "2001:db8::12 host2.example.com\n192.0.2.12 host2.example.com\n",
    ],
    ids=["upper case, as an alias", "a comment behind it", "an older line that is commented out", "IPv6 too"],
)
def test_passes_a_name_that_the_hosts_file_gives_in_another_way(line: str) -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").source("etc.hosts", lambda text: text + line)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_dns_alone_knows_though_its_line_is_commented_out() -> None:
    case = Case().source("etc.hosts", lambda text: text.replace("192.0.2.12", "#192.0.2.12"))
    case.source("resolve:host2.example.com", Record("192.0.2.12      STREAM host2.example.com\n"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_address_that_is_announced_in_place_of_a_name() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    case.destination("qemu.conf", lambda text: text + 'migration_host = "192.0.2.12"\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_calls_itself_localhost_since_no_line_would_help() -> None:
    # destination-hostname-localhost says so; a fix in the source's hosts file would do harm
    assert Case().destination("libvirt.hostname", "localhost.localdomain").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent_to_that_name() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destinations_libvirt_did_not_tell_its_name() -> None:
    result = Case().destination("libvirt.hostname", None).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert "the name that host2.example.com announces is unknown" in result.reason
    assert result.obscures


def test_is_unknown_when_a_snapshot_was_not_asked_and_a_name_server_may_know_the_name() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").source("resolv", "nameserver 192.0.2.53\n")
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert "was not asked to resolve host2.example.com" in result.reason


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_the_addresses_of_either_host_are_not_known(end: str) -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    getattr(case, end)("addresses", None)
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_catches_a_name_in_migrateuri_that_the_source_does_not_know() -> None:
    case = Case().asking(migrateuri="tcp://storage2.example.com").source("resolve:storage2.example.com", NOT_FOUND)
    [finding] = case.result(RULE).findings
    assert finding.message == "storage2.example.com, given with --migrateuri, is neither in /etc/hosts nor in DNS"
    assert finding.predicted_error == "Unable to resolve address 'storage2.example.com' service '"


@pytest.mark.parametrize("uri", ["tcp://192.0.2.12", "tcp://192.0.2.12:50100"])
def test_passes_an_address_in_migrateuri_whatever_is_announced(uri: str) -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").asking(migrateuri=uri)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_the_memory_goes_through_a_unix_socket() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2").asking(migrateuri="unix:///run/web.sock")
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE
