"""The source resolves the destination's announced name only through a name service."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "hosts-entry-missing"
BY_DNS = Record("192.0.2.12      STREAM host2.example.com\n192.0.2.12      DGRAM  \n192.0.2.12      RAW    \n")


def by_dns() -> Case:
    """No line in /etc/hosts, and a name server that knows the name."""
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    return case.source("resolve:host2.example.com", BY_DNS)


def test_catches_a_name_that_only_a_name_server_knows() -> None:
    result = by_dns().result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "source")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "host2.example.com is not in /etc/hosts: only a name service resolves it"
    assert finding.fix == "add to /etc/hosts on the source: 192.0.2.12 host2.example.com"
    assert finding.predicted_error is None


def test_points_behind_the_last_line_where_the_line_can_be_added() -> None:
    [finding] = by_dns().result(RULE).findings
    assert finding.location is not None
    assert (finding.location.path, finding.location.line, finding.location.column) == ("/etc/hosts", 5, 1)


def test_catches_a_line_that_is_commented_out_while_a_name_server_knows_the_name() -> None:
    case = Case().source("etc.hosts", lambda text: text.replace("192.0.2.12", "#192.0.2.12"))
    case.source("resolve:host2.example.com", BY_DNS)
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_both_the_file_and_a_name_server_know() -> None:
    assert Case().source("resolve:host2.example.com", BY_DNS).result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_does_not_resolve_which_is_an_error_of_another_rule() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_address_that_is_announced_in_place_of_a_name() -> None:
    case = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    case.destination("qemu.conf", lambda text: text + 'migration_host = "192.0.2.12"\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_that_calls_itself_localhost_since_no_line_would_help() -> None:
    case = Case().destination("libvirt.hostname", "localhost.localdomain")
    case.source("resolve:localhost.localdomain", Record("127.0.0.1       STREAM localhost\n"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent_to_that_name() -> None:
    assert by_dns().asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert by_dns().asking(offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("end", "record"), [("destination", "libvirt.hostname"), ("source", "etc.hosts")])
def test_is_unknown_when_the_name_or_the_file_is_not_known(end: str, record: str) -> None:
    case = by_dns()
    getattr(case, end)(record, None)
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert not result.obscures  # it could only have warned
