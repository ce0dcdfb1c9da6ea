"""The address on which the destination listens for migrations, and the one that the source resolves."""

import re

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "migration-address-mismatch"
NAME = "host2.example.com"


def listening_at(address: str, *, announced: str | None = None) -> Case:
    """The sound pair, with the destination's migration_address, and migration_host if it announces another name."""
    lines = f'\nmigration_address = "{address}"\n' + (f'migration_host = "{announced}"\n' if announced else "")
    return Case().destination("qemu.conf", lambda text: text + lines)


def with_second(case: Case, address: str, family: str = "inet") -> Case:
    """Another address of the destination's."""
    line = f"3: eth1    {family} {address} scope global eth1\\  valid_lft forever preferred_lft forever\n"
    return case.destination("addresses", lambda text: text + line)


def without_ipv6(case: Case) -> Case:
    """The destination's addresses without those of IPv6, other than the loopback's."""
    return case.destination("addresses", lambda text: re.sub(r"(?m)^\d+: eth\d.* inet6 .*\n", "", text))


def test_catches_an_address_that_the_destination_does_not_have() -> None:
    result = listening_at("192.0.2.99").result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "migration_address is 192.0.2.99, which is not an address of the destination"
    assert finding.predicted_error == "Failed to bind socket: Cannot assign requested address"
    assert finding.location is not None
    assert finding.location.text == 'migration_address = "192.0.2.99"'


def test_catches_a_second_address_while_the_name_leads_to_the_first() -> None:
    [finding] = with_second(listening_at("198.51.100.2"), "198.51.100.2/24").result(RULE).findings
    assert finding.message == f"migration_address is 198.51.100.2, but the source resolves {NAME} to 192.0.2.12"
    assert finding.predicted_error == f"unable to connect to server at '{NAME}:"
    assert finding.fix == 'set migration_host = "198.51.100.2" as well, if the source can reach that address'


def test_catches_its_loopback() -> None:
    [finding] = listening_at("127.0.0.2").result(RULE).findings
    assert finding.predicted_error == f"unable to connect to server at '{NAME}:"


def test_catches_its_ipv6_address_while_the_name_leads_to_the_other() -> None:
    assert with_second(listening_at("2001:db8::12"), "2001:db8::12/64", "inet6").result(RULE).blocks


def test_catches_every_ipv4_address_while_the_source_is_led_to_an_ipv6_one() -> None:
    case = listening_at("0.0.0.0", announced="2001:db8::12")
    case.source("resolve:2001:db8::12", Record("2001:db8::12    STREAM 2001:db8::12\n"))
    [finding] = with_second(case, "2001:db8::12/64", "inet6").result(RULE).findings
    assert "unable to connect" in str(finding.predicted_error)
    assert finding.fix is None


@pytest.mark.parametrize("address", ["::", "[::]", "2001:db8::12"])
def test_catches_an_ipv6_address_where_the_destination_has_none(address: str) -> None:
    case = without_ipv6(listening_at(address))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "host isn't capable of IPv6"
    assert finding.message.endswith("but the destination has no IPv6 address besides ::1")


@pytest.mark.parametrize("address", ["192.0.2.12", "0.0.0.0", "", NAME])
def test_passes_other_addresses_where_the_destination_has_no_ipv6(address: str) -> None:
    assert without_ipv6(listening_at(address)).result(RULE).outcome is Outcome.PASSED


def test_catches_the_name_of_another_host() -> None:
    [finding] = listening_at("host1.example.com").result(RULE).findings
    assert "Cannot assign requested address" in str(finding.predicted_error)


@pytest.mark.parametrize("address", ["192.0.2.12", "0.0.0.0", "::", "[::]", "", NAME])
def test_passes_what_was_seen_to_work(address: str) -> None:
    assert listening_at(address).result(RULE).outcome is Outcome.PASSED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_second_address_that_is_announced_too() -> None:
    case = listening_at("198.51.100.2", announced="198.51.100.2")
    case.source("resolve:198.51.100.2", Record("198.51.100.2    STREAM 198.51.100.2\n"))
    assert with_second(case, "198.51.100.2/24").result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_leads_elsewhere_which_another_rule_names() -> None:
    case = listening_at("192.0.2.12").source("etc.hosts", lambda text: text.replace("192.0.2.12", "192.0.2.99"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_what_the_sources_own_file_says() -> None:
    case = Case().source("qemu.conf", lambda text: text + '\nmigration_address = "192.0.2.99"\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent_to_that_address() -> None:
    assert listening_at("192.0.2.99").asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert listening_at("192.0.2.99").asking(offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_only_a_name_service_could_know_the_name() -> None:
    result = listening_at("storage.example.com").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "storage.example.com is not in this host's /etc/hosts" in str(result.reason)


@pytest.mark.parametrize("record", ["addresses", "qemu.conf", "etc.hosts"])
def test_is_unknown_when_the_destination_did_not_tell(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN


def test_catches_a_listen_address_that_the_destination_does_not_have() -> None:
    [finding] = Case().asking(listen_address="192.0.2.99").result(RULE).findings
    assert finding.message == "--listen-address is 192.0.2.99, which is not an address of the destination"
    assert finding.location is None


def test_catches_a_listen_address_while_the_name_leads_elsewhere() -> None:
    case = with_second(Case(), "198.51.100.2/24").asking(listen_address="198.51.100.2")
    [finding] = case.result(RULE).findings
    assert finding.fix == "--migrateuri tcp://198.51.100.2 as well, if the source can reach that address"
    assert case.asking(migrateuri="tcp://198.51.100.2").result(RULE).outcome is Outcome.PASSED


def test_passes_a_listen_address_in_place_of_a_wrong_migration_address() -> None:
    assert listening_at("192.0.2.99").asking(listen_address="192.0.2.12").result(RULE).outcome is Outcome.PASSED
