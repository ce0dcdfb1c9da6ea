"""CPUs that the guest is pinned to."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "cpu-pinned-to-missing"
FILES = "/proc/meminfo:MemTotal: 8000000 kB\n/proc/meminfo:MemAvailable: 7000000 kB\n"


def pinned(pins: str, online: str = "0-1") -> Case:
    """Return the sound pair with a pinned guest; the destination has the CPUs `online`."""
    told = f"{FILES}/sys/devices/system/cpu/online:{online}\n"
    return Case().xml("<os>", f"<cputune>{pins}</cputune><os>").destination("memory", told)


@pytest.mark.parametrize(
    ("pins", "what"),
    [
        ("<vcpupin vcpu='0' cpuset='2-3'/>", "virtual CPU 0"),
        ("<emulatorpin cpuset='2-3'/>", "the emulator"),
        ("<iothreadpin iothread='1' cpuset='2-3'/>", "I/O thread 1"),
    ],
)
def test_catches_cpus_of_which_none_is_there(pins: str, what: str) -> None:
    result = pinned(pins).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, "cannot set CPU affinity on process")
    assert finding.message == f"{what} is pinned to the cpuset 2-3; this host has the CPUs 0-1"


def test_catches_as_no_more_than_worth_knowing_that_some_are_there() -> None:
    result = pinned("<vcpupin vcpu='0' cpuset='1-3'/>").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)
    [finding] = result.findings
    assert finding.message == "virtual CPU 0 is pinned to the cpuset 1-3, of which this host has only 1"


def test_passes_cpus_that_are_there_and_virtual_ones_that_the_guest_has_not() -> None:
    assert pinned("<vcpupin vcpu='0' cpuset='0-1'/>").result(RULE).outcome is Outcome.PASSED
    assert pinned("<vcpupin vcpu='7' cpuset='5'/>").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_is_not_pinned() -> None:
    assert Case().destination("memory", Record("", 1, "timed out")).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Record("", 1, "timed out"), "the host did not report its memory: timed out"),
        (FILES, "the destination's kernel does not report its CPUs"),
    ],
)
def test_is_unknown_when_the_cpus_were_not_told(answer: Record | str, reason: str) -> None:
    result = pinned("<vcpupin vcpu='0' cpuset='0'/>").destination("memory", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
    assert result.obscures


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = pinned("<vcpupin vcpu='0' cpuset='5'/>").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE
