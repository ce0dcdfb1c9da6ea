"""A daemon with a network, mounts or configuration files of its own."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Severity
from tests.case import Case

RULE = "daemon-apart"


def with_lines(*lines: str, end: str = "destination") -> Case:
    """The sound pair, with these lines in one end's list of daemons."""
    change = getattr(Case(), end)
    return change("daemons", lambda text: text + "".join(f"{line}\n" for line in lines))  # type: ignore[no-any-return] # by name


def test_catches_a_destination_without_a_network() -> None:
    result = with_lines("apart net libvirtd 71 lo ").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "libvirtd (PID 71) has a network of its own without an interface (PrivateNetwork=)"
    assert finding.predicted_error == "unable to connect to server at '"


@pytest.mark.parametrize("mode", list(Mode))
def test_catches_a_source_without_a_network_in_every_mode(mode: Mode) -> None:
    [finding] = with_lines("apart net libvirtd 71 lo ", end="source").asking(mode=mode).result(RULE).findings
    assert finding.host is Role.SOURCE
    assert finding.predicted_error == "Network is unreachable"


def test_passes_a_destination_without_a_network_if_the_memory_comes_through_the_login() -> None:
    result = with_lines("apart net libvirtd 71 lo ").asking(mode=Mode.TUNNELLED).result(RULE)
    assert result.outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_passes_mounts_of_its_own_and_says_so(end: str) -> None:
    result = with_lines("apart mnt libvirtd 71", end=end).result(RULE)
    assert not result.blocks
    [finding] = result.findings
    assert (finding.host, finding.severity) == (Role(end), Severity.INFO)
    assert finding.message == "libvirtd (PID 71) has mounts of its own, with which files were looked up"


def test_passes_daemons_as_the_login() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_its_network_has_interfaces(end: str) -> None:
    result = with_lines("apart net libvirtd 71 lo eth7 ", end=end).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert f"the {end}'s libvirtd has a network of its own, with eth7" in (result.reason or "")


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_it_sees_other_configuration_files(end: str) -> None:
    result = with_lines("apart mnt libvirtd 71", "apart conf libvirtd 71", end=end).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert f"the {end}'s libvirtd sees another /etc/libvirt than the login" in (result.reason or "")
