"""The destination already has a guest with this name or UUID."""

import json
from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db

RULE = "guest-exists-on-destination"
WEB = "guest web"
UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
OTHER_UUID = "11111111-2222-3333-4444-555555555555"


def facing(**twin: Any) -> Case:
    """Return the sound pair with two guests, and "web" on the destination too, with these fields changed."""
    return having(twin)


def having(*twins: dict[str, Any]) -> Case:
    """Return the same pair with several guests on the destination."""
    case = with_db(Case())
    web = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]
    return case.destination("libvirt.domains", json.dumps({"domains": [web | twin for twin in twins]}))


OFF: dict[str, Any] = {"id": None, "state": 5}


def test_catches_the_same_guest_running_there() -> None:
    result = facing().result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "web is already running here, with the same UUID"
    assert finding.predicted_error == "domain 'web' is already active"


def test_catches_the_same_guest_paused_there() -> None:
    assert facing(state=3).result(RULE, WEB).outcome is Outcome.FAILED


@pytest.mark.parametrize("run", [{}, OFF], ids=["running", "off"])
def test_catches_another_guest_of_the_same_name(run: dict[str, Any]) -> None:
    result = facing(uuid=OTHER_UUID, **run).result(RULE, WEB)
    assert result.blocks
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"another guest here is named web, with UUID {OTHER_UUID}"
    assert finding.predicted_error == f"domain 'web' already exists with uuid {OTHER_UUID}"


@pytest.mark.parametrize("run", [{}, OFF], ids=["running", "off"])
def test_catches_the_same_uuid_under_another_name(run: dict[str, Any]) -> None:
    [finding] = facing(name="www", **run).result(RULE, WEB).findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"www on this host has the guest's UUID {UUID}"
    assert finding.predicted_error == f"domain 'www' is already defined with uuid {UUID}"


def test_catches_both_where_name_and_uuid_belong_to_two_guests() -> None:
    messages = [finding.message for finding in having({"name": "www"}, {"uuid": OTHER_UUID}).result(RULE, WEB).findings]
    assert messages == [
        f"www on this host has the guest's UUID {UUID}",
        f"another guest here is named web, with UUID {OTHER_UUID}",
    ]


def test_catches_that_guest_alone() -> None:
    assert facing().result(RULE, DB).outcome is Outcome.PASSED


def test_catches_it_for_a_guest_that_is_moved_offline_too() -> None:
    assert facing(uuid=OTHER_UUID).asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_the_same_guest_that_is_defined_there_and_off() -> None:
    assert facing(**OFF).result(RULE, WEB).outcome is Outcome.PASSED


def test_passes_other_guests_whose_names_are_alike() -> None:
    others = having(
        {"name": "web2", "uuid": OTHER_UUID},
        {"name": "WEB", "uuid": OTHER_UUID.replace("1", "2")},
    )
    assert others.result(RULE, WEB).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_list_its_guests() -> None:
    result = Case().destination("libvirt.domains", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt.domains was not answered")
    assert result.obscures


def test_is_unknown_when_the_guest_of_that_name_there_could_not_be_read() -> None:
    result = facing(uuid=OTHER_UUID, error="Domain not found").result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "guest web: Domain not found")
    assert facing(uuid=OTHER_UUID, error="Domain not found").result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_the_guests_own_definition_could_not_be_read() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(xml=""))
    assert case.result(RULE, WEB).outcome is Outcome.UNKNOWN
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def namesake(name: str) -> Case:
    """Return the sound pair with one guest, and a guest with this name on the destination."""
    web = json.loads(Case().hosts[0].answers.records["libvirt.domains"].out)["domains"][0]
    there = web | OFF | {"name": name, "uuid": OTHER_UUID}
    return Case().destination("libvirt.domains", json.dumps({"domains": [there]}))


def test_catches_another_guest_of_the_name_that_it_is_to_have_there() -> None:
    [finding] = namesake("web-moved").asking(dname="web-moved").result(RULE, WEB).findings
    assert finding.predicted_error == f"domain 'web-moved' already exists with uuid {OTHER_UUID}"


def test_passes_a_namesake_where_it_is_to_have_another_name() -> None:
    assert namesake("web").asking(dname="web-moved").result(RULE, WEB).outcome is Outcome.PASSED
