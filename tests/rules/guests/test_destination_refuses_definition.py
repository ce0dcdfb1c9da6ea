"""The verdict of the destination's libvirt on the guest's definition."""

import json
from typing import Any

import pytest

from preflight.answers import MISSING
from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "destination-refuses-definition"
PANIC = "unsupported configuration: unknown panic model 'pvpanic'"
MACHINE = (
    "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type 'pc-i440fx-10.0'"
)
VNC = "Network not found: no network with matching name 'lan'"


def case(error: str | None) -> Case:
    return Case().destination("libvirt.built", json.dumps({"errors": {"web": error}}))


def off(guest: dict[str, Any]) -> None:
    guest |= {"id": None, "state": 5}


def test_catches_what_libvirt_refuses() -> None:
    result = case(PANIC).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, f"libvirt refuses the guest: {PANIC}")
    assert finding.predicted_error == PANIC


def test_catches_what_the_parser_refuses_of_a_guest_that_is_off() -> None:
    result = case(PANIC).guest(off).asking(offline=True).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)


def test_catches_what_a_later_release_validates_of_a_guest_that_is_off() -> None:
    asked = case(MACHINE).guest(off).asking(offline=True)
    asked.destination("libvirt.versions", lambda text: text.replace("9000000", "11003000"))
    assert asked.result(RULE).severity is Severity.ERROR


@pytest.mark.parametrize("error", [VNC, MACHINE])
def test_catches_as_a_warning_that_a_guest_could_not_start_there(error: str) -> None:
    result = case(error).guest(off).asking(offline=True).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings[0].predicted_error is None


def test_catches_and_names_the_rule_that_explains_it() -> None:
    asked = case(MACHINE).xml("pc-i440fx-7.2", "pc-i440fx-10.0")
    [refused] = [one for one in asked.report().results if one.rule.name == RULE]
    assert refused.findings[0].message.endswith("'pc-i440fx-10.0' (explained by machine-type-missing)")


@pytest.mark.parametrize(
    "error", [None, "internal error: Advice from numad is needed in case of automatic numa placement"]
)
def test_passes_where_libvirt_can_build_the_guest(error: str | None) -> None:
    assert case(error).result(RULE).outcome is Outcome.PASSED


def outcome_of(built: str | Record | None) -> Result:
    return Case().destination("libvirt.built", built).result(RULE)


def test_passes_over_a_guest_that_libvirt_was_not_asked_about() -> None:
    for built in ('{"errors": {}}', Record("", MISSING)):
        assert outcome_of(built).outcome is Outcome.NOT_APPLICABLE
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert outcome_of(None).outcome is Outcome.UNKNOWN
