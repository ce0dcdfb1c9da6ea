"""Both hosts report the same host UUID."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "shared-host-uuid"
SOURCES = "815ad1c0-58df-1b7b-a9c0-998e2aa8a7b4"
DESTINATIONS = "e7bc2d0f-ceee-1bdf-d691-a80c783173b4"


def test_catches_a_destination_with_the_sources_host_uuid() -> None:
    result = Case().destination("libvirt.capabilities", lambda xml: xml.replace(DESTINATIONS, SOURCES)).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the host UUID {SOURCES} is the same as the source's"
    assert finding.predicted_error == f"Attempt to migrate guest to the same host {SOURCES}"


def test_catches_the_same_uuid_in_upper_case() -> None:
    case = Case().destination("libvirt.capabilities", lambda xml: xml.replace(DESTINATIONS, SOURCES.upper()))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_a_clone_that_shares_the_machine_id_and_the_name_too() -> None:
    case = Case("ready/host1", "ready/host1")
    case.destination("daemons", lambda text: text.replace("libvirtd 57 381490", "libvirtd 58 381517"))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_hosts_with_one_machine_id_where_libvirt_was_given_a_uuid() -> None:
    case = Case().destination("machine-id", "815ad1c058df1b7ba9c0998e2aa8a7b4\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_one_host_that_was_named_twice_which_another_rule_says() -> None:
    assert Case("ready/host1", "ready/host1").result(RULE).outcome is Outcome.PASSED


def test_passes_a_uuid_that_is_the_sources_but_stands_elsewhere_in_the_capabilities() -> None:
    case = Case().destination("libvirt.capabilities", lambda xml: xml.replace("</host>", f"<x>{SOURCES}</x></host>"))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_libvirt_did_not_tell_a_host_uuid(end: str) -> None:
    case = Case()
    getattr(case, end)("libvirt.capabilities", lambda xml: xml.replace("uuid>", "nothing>"))
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "libvirt's capabilities do not include the host's UUID"
    assert result.obscures
