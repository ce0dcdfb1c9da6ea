"""Guests with the source's own CPU."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "host-passthrough-differs"
CUSTOM = "<cpu mode='custom' match='exact' check='full'>"


def told(*features: str) -> str:
    one = {"models": [], "features": features}
    return json.dumps({"types": {"kvm": one}, "guests": {}})


def pair(here: tuple[str, ...], there: tuple[str, ...], mode: str = "host-passthrough") -> Case:
    case = Case().xml(CUSTOM, f"<cpu mode='{mode}' check='none' migratable='on'>")
    return case.source("libvirt.cpus", told(*here)).destination("libvirt.cpus", told(*there))


@pytest.mark.parametrize("mode", ["host-passthrough", "maximum"])
def test_catches_features_that_the_guest_would_lose(mode: str) -> None:
    result = pair(("sse", "fsrm", "erms", "invtsc"), ("sse",), mode).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings[0].message == "the guest would lose CPU features: erms, fsrm"


def test_catches_another_cpu() -> None:
    case = pair(("sse",), ("sse",)).destination(
        "libvirt.capabilities", lambda text: text.replace("<vendor>AMD</vendor>", "<vendor>Intel</vendor>")
    )
    result = case.result(RULE)
    assert (result.severity, result.findings[0].message) == (
        Severity.WARNING,
        "CPU vendor: Intel here, AMD on the source",
    )


def test_catches_another_microcode_as_worth_knowing() -> None:
    case = pair(("sse",), ("sse",)).destination(
        "libvirt.capabilities", lambda text: text.replace("<microcode version='", "<microcode version='9")
    )
    result = case.result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)


def test_passes_the_same_cpu() -> None:
    assert pair(("sse", "fsrm"), ("sse", "fsrm", "avx2")).result(RULE).outcome is Outcome.PASSED


def test_passes_features_that_the_guest_was_not_given() -> None:
    case = pair(("sse", "fsrm"), ("sse",)).xml("</cpu>", "<feature policy='disable' name='fsrm'/></cpu>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_other_guests_without_asking() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    emulated = Case().xml(CUSTOM, "<cpu mode='maximum'>").xml("<domain type='kvm'", "<domain type='qemu'")
    assert emulated.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_host_does_not_tell_what_its_cpu_gives() -> None:
    assert pair(("sse",), ()).destination("libvirt.cpus", None).result(RULE).outcome is Outcome.UNKNOWN
