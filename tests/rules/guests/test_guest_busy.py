"""Jobs that are already running on the guest."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "guest-busy"
TARGET = "<target dev='vda' bus='virtio'/>"
#: As libvirt 9.0 shows it during `virsh blockcopy`.
MIRROR = "<mirror type='file' job='copy' ready='yes'><format type='raw'/><source file='/srv/c/x.img'/></mirror>"


@pytest.mark.parametrize("job", [1, 2], ids=["bounded", "unbounded"])
def test_catches_a_job(job: int) -> None:
    result = Case().guest(lambda guest: guest.update(job=job)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.SOURCE, "a job is running on web")


@pytest.mark.parametrize(
    ("operation", "message", "error"),
    [
        (5, "web is already being migrated", "another migration job is already running for domain 'web'"),
        (8, "a job is running on web: memory dump", "cannot acquire state change lock"),
        (9, "a job is running on web: disk backup", "cannot acquire state change lock"),
        (0, "a job is running on web", None),
    ],
)
def test_catches_what_the_job_does(operation: int, message: str, error: str | None) -> None:
    [finding] = Case().guest(lambda guest: guest.update(job=2, operation=operation)).result(RULE).findings
    assert (finding.message, finding.predicted_error) == (message, error)


def test_catches_a_second_migration_in_the_words_of_an_older_release() -> None:
    case = Case().guest(lambda guest: guest.update(job=2, operation=5))
    case.source("libvirt.versions", lambda text: json.dumps(json.loads(text) | {"libvirt": 7000000}))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "cannot acquire state change lock"


def test_catches_a_block_job_that_copies() -> None:
    [finding] = Case().xml(TARGET, MIRROR + TARGET).result(RULE).findings
    assert finding.message == "a block job is running on vda"
    assert finding.predicted_error == "domain has active block job"


def test_catches_a_block_job_that_is_not_in_what_a_migration_sends() -> None:
    case = Case().xml(TARGET, MIRROR + TARGET)
    case.guest(lambda guest: guest.update(sent=guest["xml"].replace(MIRROR, "")))
    assert [finding.message for finding in case.result(RULE).findings] == ["a block job is running on vda"]


def test_catches_a_block_job_that_the_xml_does_not_show() -> None:
    [finding] = Case().guest(lambda guest: guest.update(block_jobs=["vda"])).result(RULE).findings
    assert finding.predicted_error == "domain has active block job"


def test_says_once_that_a_disk_has_a_block_job() -> None:
    case = Case().xml(TARGET, MIRROR + TARGET).guest(lambda guest: guest.update(block_jobs=["vda"]))
    assert len(case.result(RULE).findings) == 1


@pytest.mark.parametrize("job", [0, 3, 4, 5], ids=["none", "completed", "failed", "cancelled"])
def test_passes_a_guest_without_a_job_or_whose_last_one_has_ended(job: int) -> None:
    assert Case().guest(lambda guest: guest.update(job=job, autostart=True)).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = Case().guest(lambda guest: guest.update(job=2)).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    result = Case().guest(lambda guest: guest.update(error="Domain not found")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "Domain not found")


def test_is_unknown_when_libvirt_did_not_tell_of_jobs() -> None:
    result = Case().guest(lambda guest: guest.update(jobs_error="Timed out")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt did not report the jobs of web: Timed out")
