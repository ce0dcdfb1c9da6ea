"""max_files and max_processes of the destination's qemu.conf, and what a guest's QEMU has on the source."""

import re

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "qemu-limit-too-low"
USER = "+64055:+64055"


def limited(conf: str, *, files: int = 22, threads: int = 9, tasks: int | None = 30, root: bool = False) -> Case:
    """The sound pair, with this in the destination's qemu.conf, and what its guest and QEMU's user have."""
    case = (
        Case()
        .destination("qemu.conf", lambda text: f"{text}\n{conf}\n")
        .source("usage", f"usage {files} {threads} web\n")
    )
    if tasks is not None:
        case = case.destination("tasks", f"tasks {tasks}\n")
    return case if root else case.destination("libvirt.capabilities", lambda text: re.sub(r"\+0:\+0", USER, text))


def test_catches_fewer_files_than_the_guest_has_open() -> None:
    result = limited("max_files = 16").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "max_files is 16, but the QEMU of web has 22 files open"
    assert finding.predicted_error == "Too many open files"
    assert finding.location is not None
    assert finding.location.text == "max_files = 16"


@pytest.mark.parametrize("number", [21, 22, 4096, 0])
def test_passes_as_many_files(number: int) -> None:
    assert limited(f"max_files = {number}").result(RULE).outcome is Outcome.PASSED


def test_catches_fewer_processes_than_there_will_be() -> None:
    [finding] = limited("max_processes = 38").result(RULE).findings
    assert finding.predicted_error == "Resource temporarily unavailable"
    assert finding.message == (
        "max_processes is 38: QEMU's user 64055 has 30 processes and threads there, and the guests bring 9"
    )


def test_catches_the_limit_that_qemu_inherits() -> None:
    lines = "/proc/71/limits:Max processes             8                    8                    processes \n"
    case = limited("").destination("daemons", lambda text: text + lines)
    [finding] = case.result(RULE).findings
    assert finding.message.startswith("LimitNPROC= of the daemon's unit is 8: ")
    # max_processes replaces it
    case = limited("max_processes = 100").destination("daemons", lambda text: text + lines)
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("number", [39, 4096, 100000])
def test_passes_as_many_processes(number: int) -> None:
    assert limited(f"max_processes = {number}").result(RULE).outcome is Outcome.PASSED


def test_passes_any_number_of_processes_of_root() -> None:
    assert limited("max_processes = 1", root=True, tasks=None).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("number", [17, 20])
def test_is_unknown_when_the_number_is_only_just_too_high(number: int) -> None:
    result = limited(f"max_files = {number}").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"max_files is {number}, and the QEMU of web has 22 files open"


def test_is_unknown_when_nobody_counted() -> None:
    without = limited("max_files = 16").source("usage", None)
    assert without.result(RULE).outcome is Outcome.UNKNOWN
    assert limited("max_processes = 38", tasks=None).result(RULE).outcome is Outcome.UNKNOWN
    other = limited("max_files = 16").source("usage", "usage 22 9 other\n")
    assert other.result(RULE).outcome is Outcome.UNKNOWN
