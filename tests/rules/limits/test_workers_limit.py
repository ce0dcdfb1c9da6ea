"""workers-limit: a worker of the source's daemon for each migration, and two for progress and abort."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Change, Finding, Location, Severity
from tests.case import Case

RULE = "workers-limit"


def told(**fields: int) -> "Case":
    """Return the sound pair with virt-admin's answer about the source's workers changed."""

    def edit(text: str) -> str:
        for name, value in fields.items():
            lines = [f"{name} : {value}" if line.startswith(f"{name} ") else line for line in text.splitlines()]
            text = "\n".join(lines) + "\n"
        return text

    return Case().source("limits", edit)


def test_catches_one_migration_more_than_workers() -> None:
    result = Case().asking(concurrency=19).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "source")
    assert result.findings == (
        Finding(
            "max_workers is 20, of which 0 are busy and 2 are reserved for progress and abort: there is room for 18,"
            " but 19 are requested",
            host=Role.SOURCE,
            change=Change("/etc/libvirt/libvirtd.conf", "max_workers", 21),
        ),
    )


def test_catches_the_limit_that_a_file_sets_and_points_at_it() -> None:
    case = told(maxWorkers=10).source("libvirtd.conf", lambda text: text + "max_workers=10\n").asking(concurrency=9)
    (finding,) = case.result(RULE).findings
    assert finding.location == Location("/etc/libvirt/libvirtd.conf", 540, 13, 15, "max_workers=10")


def test_catches_workers_that_are_busy_now() -> None:
    (finding,) = told(nWorkers=20, freeWorkers=4).asking(concurrency=3).result(RULE).findings
    assert finding.message == (
        "max_workers is 20, of which 16 are busy and 2 are reserved for progress and abort: there is room for 2,"
        " but 3 are requested"
    )


def test_catches_too_few_workers_for_a_single_migration() -> None:
    (finding,) = told(maxWorkers=2).result(RULE).findings
    assert "there is room for 0, but 1 are requested" in finding.message


@pytest.mark.parametrize("mode", Mode)
def test_catches_it_in_every_mode(mode: Mode) -> None:
    assert Case().asking(concurrency=19, mode=mode).result(RULE).outcome is Outcome.FAILED


def test_passes_as_many_as_there_is_room_for() -> None:
    assert Case().asking(concurrency=18).result(RULE).outcome is Outcome.PASSED
    assert told(nWorkers=20, freeWorkers=4).asking(concurrency=2).result(RULE).outcome is Outcome.PASSED


def test_passes_few_workers_on_the_destination() -> None:
    """There one is held only while the migration is prepared and finished."""
    case = Case().destination("limits", lambda text: text.replace("maxWorkers     : 20", "maxWorkers     : 1"))
    assert case.asking(concurrency=10).result(RULE).outcome is Outcome.PASSED


def test_passes_few_workers_so_far_since_more_are_started_when_needed() -> None:
    assert told(nWorkers=1, freeWorkers=1, minWorkers=1).asking(concurrency=18).result(RULE).outcome is Outcome.PASSED


def test_passes_few_workers_for_urgent_calls() -> None:
    assert told(prioWorkers=1).asking(concurrency=18).result(RULE).outcome is Outcome.PASSED


def test_passes_a_lower_limit_in_the_file_that_is_not_in_force() -> None:
    case = Case().source("libvirtd.conf", lambda text: text + "max_workers = 3\n").asking(concurrency=10)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_guests_that_are_off() -> None:
    result = Case().asking(concurrency=100, offline=True).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the guest is moved offline")


@pytest.mark.parametrize("record", ["limits", "daemons", "libvirtd.conf"])
def test_is_unknown_when_the_source_did_not_answer(record: str) -> None:
    result = Case().source(record, None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")


def test_is_unknown_when_virt_admin_was_not_allowed_to_ask() -> None:
    result = Case().source("limits", "daemon libvirtd\nfailed 1\n").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the number of busy workers of libvirtd is unknown: virt-admin could not be queried"
