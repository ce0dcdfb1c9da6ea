"""Guests with a part of the CPU's cache or memory bandwidth."""

import pytest

from preflight.judge.report import Outcome
from tests.case import Case

RULE = "cache-allocation-unavailable"
CACHE = "<cputune><cachetune vcpus='0'><cache id='0' level='3' type='both' size='3' unit='MiB'/></cachetune></cputune>"
MONITOR = "<cputune><cachetune vcpus='0'><monitor level='3' vcpus='0'/></cachetune></cputune>"
BANDWIDTH = "<cputune><memorytune vcpus='0'><node id='0' bandwidth='60'/></memorytune></cputune>"
CONTROL = "<control granularity='768' unit='KiB' type='both' maxAllocs='4'/>"


def with_tuning(xml: str, host: str = "") -> Case:
    case = Case().xml("<os>", f"{xml} <os>")
    return case.destination("libvirt.capabilities", lambda text: text.replace("</host>", f"{host}<x/></host>", 1))


@pytest.mark.parametrize(("xml", "element"), [(CACHE, "cachetune"), (BANDWIDTH, "memorytune")])
def test_catches_a_host_that_allocates_nothing(xml: str, element: str) -> None:
    [finding] = with_tuning(xml).result(RULE).findings
    assert finding.message == f"this host cannot allocate what the guest's <{element}> asks for (resctrl)"
    assert finding.predicted_error == "Resource control is not supported on this host"


def test_catches_a_host_that_allocates_only_the_other() -> None:
    [finding] = with_tuning(BANDWIDTH, f"<cache><bank>{CONTROL}</bank></cache>").result(RULE).findings
    assert finding.predicted_error is None


def test_passes_a_host_that_allocates_it() -> None:
    assert with_tuning(CACHE, f"<cache><bank>{CONTROL}</bank></cache>").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("xml", ["", MONITOR])
def test_passes_a_guest_that_asks_for_none(xml: str) -> None:
    assert with_tuning(xml).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_capabilities_are() -> None:
    assert Case().destination("libvirt.capabilities", None).result(RULE).outcome is Outcome.UNKNOWN
