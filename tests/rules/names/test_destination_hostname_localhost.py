"""The destination announces itself as localhost."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Change, Severity
from tests.case import Case

RULE = "destination-hostname-localhost"
ERROR = "hostname on destination resolved to localhost, but migration requires an FQDN"


@pytest.mark.parametrize("name", ["localhost", "localhost.localdomain", "localhost4", "localhost-2.example.com"])
def test_catches_every_name_that_begins_with_localhost_as_libvirt_does(name: str) -> None:
    result = Case().destination("libvirt.hostname", name).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the host announces itself as {name}"
    assert finding.location is None  # libvirt said so, no file
    assert finding.predicted_error == ERROR
    assert finding.change == Change("/etc/libvirt/qemu.conf", "migration_host", "192.0.2.12")


def test_offers_no_address_of_which_only_a_router_would_know() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    case.source("addresses", lambda text: text.replace("192.0.2.11", "198.51.100.11"))
    [finding] = case.result(RULE).findings
    assert finding.change is None


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_source_that_is_called_localhost() -> None:
    case = Case().source("libvirt.hostname", "localhost").source("kernel.hostname", "localhost\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_kernel_that_calls_itself_localhost_where_libvirt_found_a_better_name() -> None:
    assert Case().destination("kernel.hostname", "localhost\n").result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_only_contains_localhost() -> None:
    assert Case().destination("libvirt.hostname", "vm-localhost").result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_called_localhost_whose_migration_host_is_another_name() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    case.destination("qemu.conf", lambda text: text + 'migration_host = "host2.example.com"\n')
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_memory_is_sent_to_that_name() -> None:
    case = Case().destination("libvirt.hostname", "localhost")
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_does_not_apply_where_migrateuri_names_the_host() -> None:
    case = Case().destination("libvirt.hostname", "localhost").asking(migrateuri="tcp://host2.example.com")
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["libvirt.hostname", "qemu.conf", "daemons"])
def test_is_unknown_when_the_announced_name_is_not_known(record: str) -> None:
    result = Case().destination(record, None).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


def test_is_unknown_when_qemu_conf_was_changed_after_the_daemon_started() -> None:
    # what is announced is what stood in the file when the daemon read it
    case = Case().destination("libvirt.hostname", "localhost")
    case.destination("daemons", lambda text: text.replace("conf qemu 17953", "conf qemu 17963"))
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason is not None
    assert "was changed after libvirtd started" in result.reason
