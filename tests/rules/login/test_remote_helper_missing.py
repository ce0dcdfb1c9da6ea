"""The host has no program that connects the ssh session to libvirt's socket."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "remote-helper-missing"
NOT_FOUND = "End of file while reading data: sh: 1: nc: not found: Input/output error"
OPENBSD = "\t\t-U\t\tUse UNIX domain socket\n"


def connection(error: str | None, transport: str = "ssh", host: str = "host2") -> Record:
    """Return the result of opening libvirt on a host."""
    return Record(json.dumps({"uri": f"qemu+{transport}://{host}.example.com/system", "error": error}))


def without_helper(helpers: str = "") -> Case:
    """Return a destination that has these programs, and whose libvirt could not be opened."""
    return Case().destination("helpers", helpers).destination("libvirt.connect", connection(NOT_FOUND))


@pytest.mark.parametrize(
    "helpers",
    ["", "/usr/bin/nc\n", "/usr/bin/nc\n  -u, --udp   Use UDP\n"],
    ids=["none at all", "a netcat that says nothing of -U", "a netcat of the traditional kind"],
)
def test_catches_a_destination_where_no_helper_is_usable(helpers: str) -> None:
    result = without_helper(helpers).result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "neither virt-ssh-helper nor a netcat that supports -U is installed"
    assert finding.predicted_error == NOT_FOUND


def test_catches_a_source_without_one() -> None:
    case = Case().source("helpers", "").source("libvirt.connect", connection(NOT_FOUND, host="host1"))
    assert case.result(RULE, "destination").outcome is Outcome.PASSED
    result = case.result(RULE, "source")
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].host is Role.SOURCE


def test_is_unknown_when_no_answer_came_in_time() -> None:
    told = Record(json.dumps({"uri": "qemu+ssh://host2.example.com/system", "error": "no answer", "hung": True}))
    result = without_helper().destination("libvirt.connect", told).result(RULE, "destination")
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("end", ["source", "destination"])
def test_passes_either_host_of_the_sound_pair(end: str) -> None:
    assert Case().result(RULE, end).outcome is Outcome.PASSED


@pytest.mark.parametrize("helpers", ["/usr/bin/virt-ssh-helper\n", f"/usr/bin/nc\n{OPENBSD}"])
def test_passes_a_failed_connection_where_one_helper_is_there(helpers: str) -> None:
    # something else is wrong, and libvirt-unreachable says what
    assert without_helper(helpers).result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_connection_that_works_whatever_was_found() -> None:
    # the user's URI may name another netcat
    case = Case().destination("helpers", "")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_failed_connection_over_tls_which_needs_no_helper() -> None:
    case = Case().destination("helpers", "").destination("libvirt.connect", connection(NOT_FOUND, "tls"))
    result = case.asking(destination_uri="qemu+tls://host2.example.com/system").result(RULE, "destination")
    assert result.outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["helpers", "libvirt.connect"])
def test_is_unknown_when_the_programs_or_the_connection_are_not_known(record: str) -> None:
    result = without_helper().destination(record, None).result(RULE, "destination")
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures
    assert without_helper().destination(record, None).result(RULE, "source").outcome is Outcome.PASSED
