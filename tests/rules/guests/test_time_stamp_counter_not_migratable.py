"""Guests that rely on their time stamp counter."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "time-stamp-counter-not-migratable"
CUSTOM = "<cpu mode='custom' match='exact' check='full'>"
CLOCK = "<clock offset='utc'/>"


def invariant() -> Case:
    return Case().xml("</cpu>", "<feature policy='require' name='invtsc'/></cpu>")


def at(case: Case, frequency: int) -> Case:
    timer = f"<clock offset='utc'><timer name='tsc' frequency='{frequency}'/></clock>"
    case.xml(CLOCK, timer)
    return case.destination("libvirt.capabilities", counter)


def counter(capabilities: str, scaling: str = "no") -> str:
    """Return the capabilities of a host whose counter runs at 2 GHz."""
    before, _, after = capabilities.partition("<counter name='tsc' ")
    return f"{before}<counter name='tsc' frequency='2000000000' scaling='{scaling}'/>{after.partition('/>')[2]}"


def of_the_host(features: tuple[str, ...], virt_type: str = "kvm") -> Case:
    one = {"models": [], "features": features}
    case = Case().xml(CUSTOM, "<cpu mode='host-passthrough' check='none' migratable='off'>")
    if virt_type != "kvm":
        case.xml("<domain type='kvm'", f"<domain type='{virt_type}'")
    return case.source("libvirt.cpus", json.dumps({"types": {"kvm": one, "qemu": one}, "guests": {}}))


def test_catches_an_invariant_counter_without_a_frequency() -> None:
    result = invariant().result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert "invtsc flag" in (result.findings[0].predicted_error or "")


def test_catches_it_in_the_words_of_an_older_libvirt() -> None:
    case = invariant().source("libvirt.versions", '{"libvirt": 7000000, "hypervisor": 5002000, "type": "QEMU"}')
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "domain has 'invtsc' CPU feature but TSC frequency is not specified"


def test_catches_the_one_that_comes_with_the_hosts_own_cpu() -> None:
    assert of_the_host(("sse", "invtsc")).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("hertz", [1_999_499_999, 2_000_500_001])
def test_catches_another_frequency(hertz: int) -> None:
    [finding] = at(Case(), hertz).result(RULE).findings
    assert finding.predicted_error == "is outside tolerance range"


@pytest.mark.parametrize("hertz", [1_999_500_000, 2_000_000_000, 2_000_500_000])
def test_passes_a_frequency_that_is_near_enough(hertz: int) -> None:
    assert at(invariant(), hertz).result(RULE).outcome is Outcome.PASSED


def test_passes_another_frequency_where_the_cpu_scales() -> None:
    case = at(invariant(), 3_000_000_000)
    case.destination("libvirt.capabilities", lambda text: counter(text, "yes"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_it() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert of_the_host(("sse",)).result(RULE).outcome is Outcome.PASSED
    assert of_the_host(("invtsc",), "qemu").result(RULE).outcome is Outcome.PASSED
    disabled = of_the_host(("invtsc",)).xml("</cpu>", "<feature policy='disable' name='invtsc'/></cpu>")
    assert disabled.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_source_does_not_tell_what_its_cpu_has() -> None:
    case = Case().xml(CUSTOM, "<cpu mode='host-passthrough' check='none' migratable='off'>")
    assert case.result(RULE).outcome is Outcome.UNKNOWN
