"""RestrictAddressFamilies= of a daemon's unit, and the families that the migration's connection needs."""

import re

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "address-family-denied"


def restricted(families: str, *, end: str = "destination", case: Case | None = None) -> Case:
    """The sound pair, with this setting of one end's unit."""
    change = getattr(case or Case(), end)
    return change("daemons", lambda text: f"{text}unit RestrictAddressFamilies={families}\n")  # type: ignore[no-any-return] # by name


def without_ipv6() -> Case:
    """The sound pair, whose destination has no address of IPv6 besides the loopback's."""
    return Case().destination("addresses", lambda text: re.sub(r"(?m)^\d+: eth\d.* inet6 .*\n", "", text))


@pytest.mark.parametrize("families", ["AF_UNIX AF_NETLINK", "AF_UNIX AF_INET AF_NETLINK", "~AF_INET6", "none"])
def test_catches_a_destination_that_may_not_listen_at_its_ipv6_address(families: str) -> None:
    result = restricted(families).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.predicted_error == "Failed to create a socket: Address family not supported by protocol"


def test_catches_a_destination_that_is_told_to_listen_at_an_ipv4_address() -> None:
    case = Case().destination("qemu.conf", lambda text: f'{text}\nmigration_address = "0.0.0.0"\n')
    [finding] = restricted("AF_UNIX AF_INET6", case=case).result(RULE).findings
    assert "denies its daemon AF_INET," in finding.message


def test_catches_a_source_that_may_not_connect_to_the_destinations_address() -> None:
    [finding] = restricted("AF_UNIX AF_INET6 AF_NETLINK", end="source").result(RULE).findings
    assert finding.host is Role.SOURCE
    assert finding.message == "RestrictAddressFamilies= denies its daemon AF_INET, which host2.example.com leads to"
    assert finding.predicted_error == "Unable to create socket: Address family not supported by protocol"


@pytest.mark.parametrize("families", ["", "AF_UNIX AF_INET6", "~AF_INET", "AF_INET AF_INET6 AF_UNIX", "~AF_PACKET"])
def test_passes_a_destination_that_may_listen_at_its_ipv6_address(families: str) -> None:
    assert restricted(families).result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_without_ipv6_that_may_listen_at_its_ipv4_address() -> None:
    assert restricted("AF_UNIX AF_INET", case=without_ipv6()).result(RULE).outcome is Outcome.PASSED
    assert restricted("AF_UNIX AF_INET6", case=without_ipv6()).result(RULE).blocks


def test_does_not_apply_to_memory_that_goes_through_the_login() -> None:
    result = restricted("AF_UNIX").asking(mode=Mode.TUNNELLED).result(RULE)
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_daemons_are_not_known() -> None:
    assert Case().destination("daemons", None).result(RULE).outcome is Outcome.UNKNOWN
