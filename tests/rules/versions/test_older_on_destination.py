"""Migration back to an older release of libvirt or QEMU."""

import json
from typing import NamedTuple

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Severity
from tests.case import Case


class Program(NamedTuple):
    """One of the two programs: the key of its version, that of the other, and its name."""

    record: str
    other: str
    name: str
    #: The version just below the recorded one, and two that sort the other way round as text.
    below: int
    nine: int
    ten: int
    #: Versions as a finding writes them: the one below, the recorded one, that of the newer recorded host.
    below_text: str
    text: str
    newer_text: str


#: The rules that are tested here, which differ only in the program.
RULES = {
    "libvirt-older-on-destination": Program(
        "libvirt", "hypervisor", "libvirt", 8009005, 9009000, 9010000, "8.9.5", "9.0.0", "11.3.0"
    ),
    "qemu-older-on-destination": Program(
        "hypervisor", "libvirt", "QEMU", 7002021, 9002000, 10000000, "7.2.21", "7.2.22", "10.0.13"
    ),
}
each = pytest.mark.parametrize(("rule", "program"), RULES.items(), ids=list(RULES))
each_rule = pytest.mark.parametrize("rule", RULES)


def versions(**changed: object) -> str:
    """Return a host's answer about its versions; the recorded hosts have libvirt 9.0.0 and QEMU 7.2.22."""
    return json.dumps({"libvirt": 9000000, "hypervisor": 7002022, "type": "QEMU"} | changed)


@each
def test_catches_an_older_release(rule: str, program: Program) -> None:
    result = Case().destination("libvirt.versions", versions(**{program.record: program.below})).result(rule)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "pair")
    message = f"{program.name} {program.below_text} is older than the source's {program.text}"
    assert result.findings == (Finding(message, host=Role.DESTINATION),)


@each
def test_catches_the_way_back_between_two_real_hosts(rule: str, program: Program) -> None:
    (finding,) = Case("newer/host3", "ready/host2").result(rule).findings
    assert finding.message == f"{program.name} {program.text} is older than the source's {program.newer_text}"


@each
def test_catches_by_number_and_not_by_letter(rule: str, program: Program) -> None:
    case = Case().source("libvirt.versions", versions(**{program.record: program.ten}))
    case.destination("libvirt.versions", versions(**{program.record: program.nine}))
    assert case.result(rule).outcome is Outcome.FAILED


@each_rule
def test_passes_the_same_release(rule: str) -> None:
    assert Case().result(rule).outcome is Outcome.PASSED


@each_rule
def test_passes_a_newer_release_of_the_destination(rule: str) -> None:
    assert Case("ready/host1", "newer/host3").result(rule).outcome is Outcome.PASSED


@each
def test_passes_by_number_and_not_by_letter(rule: str, program: Program) -> None:
    case = Case().source("libvirt.versions", versions(**{program.record: program.nine}))
    case.destination("libvirt.versions", versions(**{program.record: program.ten}))
    assert case.result(rule).outcome is Outcome.PASSED


@each
def test_passes_an_older_release_of_the_other_program(rule: str, program: Program) -> None:
    case = Case().destination("libvirt.versions", versions(**{program.other: 1}))
    assert case.result(rule).outcome is Outcome.PASSED


@each_rule
@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_a_host_did_not_answer(rule: str, end: str) -> None:
    result = getattr(Case(), end)("libvirt.versions", None).result(rule)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.WARNING)
    assert result.reason == "libvirt.versions was not answered"


@each
def test_is_unknown_when_the_version_is_not_a_number(rule: str, program: Program) -> None:
    result = Case().source("libvirt.versions", versions(**{program.record: program.text})).result(rule)
    assert result.outcome is Outcome.UNKNOWN
