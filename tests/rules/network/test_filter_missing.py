"""libvirt's network filters that the guest's interfaces name."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "filter-missing"


def filters(*names: str, error: str | None = None) -> str:
    return json.dumps({"names": names, "error": error})


def filtered(*names: str) -> Case:
    """Return the sound pair, whose guest has an interface with each of these filters."""
    interfaces = "".join(
        f"<interface type='bridge'><source bridge='br9'/><filterref filter='{name}'/></interface>" for name in names
    )
    return Case().xml("</devices>", f"{interfaces}</devices>")


def test_catches_a_filter_that_is_not_there() -> None:
    result = filtered("mine", "mine").destination("libvirt.filters", filters("clean-traffic")).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the network filter mine does not exist")
    assert finding.predicted_error == "referenced filter 'mine' is missing"


def test_passes_filters_that_are_there() -> None:
    case = filtered("mine", "clean-traffic").destination("libvirt.filters", filters("clean-traffic", "mine"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_filters_even_where_libvirt_does_not_list_any() -> None:
    assert Case().destination("libvirt.filters", filters(error="no driver")).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert filtered("mine").asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (filters(error="no driver"), "libvirt did not list its network filters: no driver"),
        (Record("", 1, "timed out"), "libvirt did not list its network filters: timed out"),
        ("[]", "the list of network filters is not in the format that preflight collects: "),
    ],
)
def test_is_unknown_when_libvirt_did_not_tell(answer: str | Record, reason: str) -> None:
    result = filtered("mine").destination("libvirt.filters", answer).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert str(result.reason).startswith(reason)
    assert result.obscures
