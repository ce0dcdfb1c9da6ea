"""libvirt-older-on-destination: the way back to an older release."""

import json

import pytest

from preflight.migration import Role
from preflight.report import Outcome
from preflight.rule import Finding, Severity
from tests.case import Case

RULE = "libvirt-older-on-destination"


def versions(**changed: object) -> str:
    """What a host says of its versions; the recorded ones have libvirt 9.0.0 and QEMU 7.2.22."""
    return json.dumps({"libvirt": 9000000, "hypervisor": 7002022, "type": "QEMU"} | changed)


def test_catches_an_older_release() -> None:
    result = Case().destination("libvirt.versions", versions(libvirt=8009005)).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "pair")
    assert result.findings == (Finding("libvirt 8.9.5 is older than the source's 9.0.0", host=Role.DESTINATION),)


def test_catches_the_way_back_between_two_real_hosts() -> None:
    (finding,) = Case("newer/host3", "ready/host2").result(RULE).findings
    assert finding.message == "libvirt 9.0.0 is older than the source's 11.3.0"


def test_catches_by_number_and_not_by_letter() -> None:
    case = Case().source("libvirt.versions", versions(libvirt=9010000))
    case.destination("libvirt.versions", versions(libvirt=9009000))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_the_same_release() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_newer_release_of_the_destination() -> None:
    assert Case("ready/host1", "newer/host3").result(RULE).outcome is Outcome.PASSED


def test_passes_by_number_and_not_by_letter() -> None:
    case = Case().source("libvirt.versions", versions(libvirt=9009000))
    case.destination("libvirt.versions", versions(libvirt=9010000))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_older_release_of_the_other_program() -> None:
    case = Case().destination("libvirt.versions", versions(hypervisor=7002021))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_a_host_did_not_answer(end: str) -> None:
    result = getattr(Case(), end)("libvirt.versions", None).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.WARNING)
    assert result.reason == "libvirt.versions was not answered"


def test_is_unknown_when_the_version_is_not_a_number() -> None:
    result = Case().source("libvirt.versions", versions(libvirt="9.0.0")).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
