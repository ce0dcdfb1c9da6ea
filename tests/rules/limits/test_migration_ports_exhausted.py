"""Free ports in the destination's migration range."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Change, Severity
from tests.case import Case

RULE = "migration-ports-exhausted"
EIGHT = "\nmigration_port_min = 50000\nmigration_port_max = 50007\n"


def narrow(*used: int, at: str = "00000000") -> Case:
    """Return the sound pair, with a range of eight ports at the destination, some of which are in use."""
    listeners = "".join(f"   9: {at}:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 1\n" for port in used)

    def edit(table: str) -> str:
        head, _, rest = table.partition("\n")
        return f"{head}\n{listeners}{rest}"

    case = Case().destination("qemu.conf", lambda text: text + EIGHT)
    return case.destination("sockets", edit) if used else case


def test_catches_a_range_in_which_every_port_is_used() -> None:
    result = narrow(*range(50000, 50008)).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "destination")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "0 of the 8 ports from 50000 to 50007 are free, but 1 are needed"
    assert finding.predicted_error == "Unable to find an unused port in range 'migration' (50000-50007)"
    assert finding.location is not None
    assert finding.location.text == "migration_port_max = 50007"


def test_catches_ports_that_are_used_at_the_loopback_alone() -> None:
    assert narrow(*range(50000, 50008), at="0100007F").result(RULE).blocks


@pytest.mark.parametrize(("concurrency", "copy_storage"), [(7, "none"), (4, "all")])
def test_catches_more_migrations_than_there_are_ports(concurrency: int, copy_storage: str) -> None:
    case = narrow(50000, 50001).asking(concurrency=concurrency, copy_storage=copy_storage)
    assert case.result(RULE).blocks


def test_catches_more_migrations_than_the_default_range_has_ports() -> None:
    [finding] = Case().asking(concurrency=65).result(RULE).findings
    assert finding.message == "64 of the 64 ports from 49152 to 49215 are free, but 65 are needed"
    assert finding.location is None


@pytest.mark.parametrize(("concurrency", "copy_storage"), [(6, "none"), (3, "all"), (1, "none")])
def test_passes_as_many_as_there_are_ports(concurrency: int, copy_storage: str) -> None:
    case = narrow(50000, 50001).asking(concurrency=concurrency, copy_storage=copy_storage)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_ports_in_use_outside_the_range() -> None:
    assert narrow(*range(49990, 50000), 50008).asking(concurrency=8).result(RULE).outcome is Outcome.PASSED


def test_catches_a_port_in_migrateuri_that_is_taken_or_wanted_twice() -> None:
    [finding] = narrow(50100).asking(migrateuri="tcp://host2.example.com:50100").result(RULE).findings
    assert finding.message == "port 50100, given with --migrateuri, is already in use"
    [finding] = narrow().asking(migrateuri="tcp://host2.example.com:50100", concurrency=2).result(RULE).findings
    assert finding.message == "port 50100, given with --migrateuri, serves only one migration at a time"


def test_passes_a_full_range_where_other_ports_are_given() -> None:
    case = narrow(*range(50000, 50008)).asking(migrateuri="tcp://host2.example.com:50100")
    assert case.result(RULE).outcome is Outcome.PASSED
    assert case.asking(copy_storage="all").result(RULE).blocks
    disks = case.asking(copy_storage="all", disks_uri="tcp://host2.example.com:50101")
    assert disks.result(RULE).outcome is Outcome.PASSED


def test_passes_the_sound_pair() -> None:
    assert Case().asking(concurrency=64).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_where_no_port_is_used() -> None:
    case = narrow(*range(50000, 50008))
    assert case.asking(mode=Mode.TUNNELLED).result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert case.asking(mode=Mode.MANAGED, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", ["sockets", "qemu.conf"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")
    assert result.obscures


def test_offers_no_port_above_the_highest() -> None:
    """A fix that asked for one would have libvirt's daemon refuse its whole file."""
    near = "\nmigration_port_min = 65530\nmigration_port_max = 65533\n"
    case = Case().destination("qemu.conf", lambda text: text + near)
    [finding] = case.asking(concurrency=6).result(RULE).findings
    assert finding.change == Change("/etc/libvirt/qemu.conf", "migration_port_max", 65535)
    [finding] = case.asking(concurrency=7).result(RULE).findings
    assert finding.change is None
