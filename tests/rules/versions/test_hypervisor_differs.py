"""Hosts with different architectures."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Severity
from tests.case import Case

RULE = "hypervisor-differs"


def test_catches_another_architecture() -> None:
    case = Case().destination(
        "libvirt.capabilities",
        lambda text: text.replace("<arch>x86_64</arch>", "<arch>aarch64</arch>", 1),
    )
    result = case.result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    assert result.findings == (
        Finding("the architecture is aarch64, while the source's is x86_64", host=Role.DESTINATION),
    )


def test_catches_it_the_other_way_round() -> None:
    case = Case().source(
        "libvirt.capabilities", lambda text: text.replace("<arch>x86_64</arch>", "<arch>aarch64</arch>", 1)
    )
    (finding,) = case.result(RULE).findings
    assert finding.message == "the architecture is x86_64, while the source's is aarch64"


def test_passes_two_hosts_of_one_architecture() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_another_processor_of_the_same_architecture() -> None:
    case = Case().destination(
        "libvirt.capabilities",
        lambda text: text.replace("<model>kvm64</model>", "<model>EPYC</model>").replace("AMD", "Intel"),
    )
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_that_can_emulate_other_architectures_too() -> None:
    case = Case().destination(
        "libvirt.capabilities", lambda text: text.replace("<arch name='i686'>", "<arch name='aarch64'>")
    )
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_without_kvm() -> None:
    case = Case().destination("libvirt.capabilities", lambda text: text.replace("type='kvm'", "type='other'"))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_a_host_did_not_answer(end: str) -> None:
    case = getattr(Case(), end)("libvirt.capabilities", None)
    result = case.result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.reason == "libvirt.capabilities was not answered"
    assert result.obscures


def test_is_unknown_when_libvirt_does_not_name_the_architecture() -> None:
    result = Case().destination("libvirt.capabilities", "<capabilities><host/></capabilities>").result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "libvirt's capabilities do not name the host's architecture"
