"""The guest's vsock device."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "vsock-unavailable"
THERE = "has /dev/vhost-vsock\n"
DEVICE = "<vsock model='virtio'><cid auto='{}' address='{}'/></vsock>"


def case(resources: str = THERE, *, auto: str = "no", cid: int = 3) -> Case:
    made = Case().xml("</devices>", f"{DEVICE.format(auto, cid)}</devices>")
    return made.destination("resources", resources)


def with_other(made: Case, *, cid: int, running: bool = True) -> Case:
    """Return the pair whose destination has another guest with this context ID."""
    other = json.loads(made.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]
    uuid = "11111111-2222-4333-8444-555555555555"
    xml = other["xml"].replace(DEVICE.format("no", 3), DEVICE.format("yes", cid)).replace(other["uuid"], uuid)
    xml = xml.replace("<name>web</name>", "<name>db</name>")
    other |= {"name": "db", "uuid": uuid, "xml": xml} | ({} if running else {"id": None, "state": 5})
    return made.destination("libvirt.domains", json.dumps({"domains": [other]}))


def test_catches_a_host_without_the_module() -> None:
    result = case("").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.predicted_error == "unable to open vhost-vsock device"


def test_catches_a_number_that_another_guest_has() -> None:
    [finding] = with_other(case(), cid=3).result(RULE).findings
    assert finding.message == "the guest db has the vsock context ID 3 too"
    assert finding.predicted_error == "failed to set guest cid: Address already in use"


@pytest.mark.parametrize(("cid", "running"), [(4, True), (3, False)])
def test_passes_other_numbers_and_guests_that_are_off(cid: int, running: bool) -> None:
    assert with_other(case(), cid=cid, running=running).result(RULE).outcome is Outcome.PASSED


def test_passes_a_number_that_libvirt_may_change() -> None:
    assert with_other(case(), cid=3).xml("auto='no'", "auto='yes'").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_vsock() -> None:
    assert Case().destination("resources", "").result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case().destination("resources", None).result(RULE).outcome is Outcome.UNKNOWN
