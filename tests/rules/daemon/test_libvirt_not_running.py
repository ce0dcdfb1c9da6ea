"""libvirt-not-running: no daemon, and none that a connection would start."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role, Transport
from preflight.rule import Finding, Severity
from tests.case import Case

RULE = "libvirt-not-running"
ERROR = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory"


def failed(text: str) -> str:
    return json.dumps({"uri": json.loads(text)["uri"], "error": ERROR, "code": 38, "hung": False})


def gone(text: str) -> str:
    """Return the list of daemons with neither a process nor a socket."""
    return "\n".join(line for line in text.splitlines() if line.startswith(("clock", "conf"))) + "\n"


def unit(text: str, name: str, **states: str) -> str:
    """`systemctl show` with the states of one unit changed."""
    blocks = text.split("\n\n")
    for number, block in enumerate(blocks):
        if f"Id={name}\n" in block:
            lines = (line.split("=")[0] for line in block.splitlines())
            shown = dict(line.split("=", 1) for line in block.splitlines())
            blocks[number] = "\n".join(f"{key}={(shown | states)[key]}" for key in lines)
    return "\n\n".join(blocks)


def off(text: str) -> str:
    """Return a daemon that was stopped together with its socket."""
    text = unit(text, "libvirtd.service", ActiveState="inactive", SubState="dead")
    return unit(text, "libvirtd.socket", ActiveState="inactive", SubState="dead")


def stopped() -> Case:
    return Case().destination("libvirt.connect", failed).destination("daemons", gone).destination("units", off)


def test_catches_a_daemon_that_was_stopped() -> None:
    result = stopped().result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert result.findings == (
        Finding(
            "libvirt is not running: libvirtd.service is inactive and no socket unit would start it",
            host=Role.DESTINATION,
            predicted_error=ERROR,
        ),
    )


def test_catches_it_on_the_source() -> None:
    case = Case().source("libvirt.connect", failed).source("daemons", gone).source("units", off)
    assert [finding.host for finding in case.result(RULE, "source").findings] == [Role.SOURCE]
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


WHY = {
    "libvirtd.service is masked": {"LoadState": "masked"},
    "libvirtd.service failed (exit-code)": {"ActiveState": "failed", "Result": "exit-code"},
    "the libvirt daemon is not installed: neither libvirtd.service nor virtqemud.service exists": {
        "LoadState": "not-found"
    },
}


@pytest.mark.parametrize(("why", "states"), WHY.items())
def test_catches_and_says_why(why: str, states: dict[str, str]) -> None:
    case = stopped().destination("units", lambda text: unit(text, "libvirtd.service", **states))
    (finding,) = case.result(RULE, "destination").findings
    assert finding.message == f"libvirt is not running: {why}"


def test_catches_a_daemon_that_systemd_has_given_up_and_foretells_what_the_next_connection_meets() -> None:
    reset = "End of file while reading data: virt-ssh-helper: could not proxy traffic: Cannot recv data"
    case = stopped().destination("libvirt.connect", lambda text: failed(text).replace(ERROR, reset))
    assert case.result(RULE, "destination").findings[0].predicted_error == reset
    case = case.destination("units", lambda text: unit(text, "libvirtd.socket", ActiveState="failed"))
    assert case.result(RULE, "destination").findings[0].predicted_error == "Failed to connect socket to"
    case = case.destination("libvirt.connect", lambda text: text.replace("qemu+ssh://", "qemu+tls://"))
    case = case.asking(transport=Transport.TLS)
    assert case.result(RULE, "destination").findings[0].predicted_error == "unable to connect to server at '"


def test_catches_a_daemon_that_has_failed_and_says_why() -> None:
    case = stopped().destination("daemon-errors", "internal error: no such thing\nDriver state initialization failed\n")
    [finding] = case.result(RULE, "destination").findings
    assert "logged" not in finding.message  # it was stopped, whatever it has logged before
    case = case.destination("units", lambda text: unit(text, "libvirtd.service", ActiveState="failed"))
    [finding] = case.result(RULE, "destination").findings
    assert finding.message.endswith("; it last logged: internal error: no such thing")


def test_catches_a_daemon_that_its_socket_could_not_start() -> None:
    case = stopped().destination("daemons", lambda text: text + "socket libvirt-sock\n")
    case.destination(
        "units", lambda text: unit(text, "libvirtd.service", ActiveState="failed", Result="start-limit-hit")
    )
    (finding,) = case.result(RULE, "destination").findings
    assert finding.message == "libvirt is not running: libvirtd.service failed (start-limit-hit)"


def test_passes_a_daemon_that_connecting_started_and_that_has_ended_since() -> None:
    case = Case().destination("daemons", gone).destination("units", off)
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_daemon_that_runs_but_does_not_let_us_in() -> None:
    """The rule libvirt-unreachable reports this."""
    assert Case().destination("libvirt.connect", failed).result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_modular_daemons_without_libvirtd() -> None:
    case = (
        Case()
        .destination("daemons", lambda text: text.replace("process libvirtd", "process virtqemud"))
        .destination("units", off)
        .destination("libvirt.connect", failed)
    )
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_host_without_systemd() -> None:
    assert Case().destination("units", "").result(RULE, "destination").outcome is Outcome.PASSED


def hung(text: str) -> str:
    return json.dumps({"uri": json.loads(text)["uri"], "error": "no answer within 1 s", "code": None, "hung": True})


def test_is_unknown_when_no_answer_came_in_time() -> None:
    """A slow host starts its daemon later: a time limit proves nothing."""
    result = stopped().destination("libvirt.connect", hung).result(RULE, "destination")
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert result.reason is not None
    assert "a time limit proves no failure" in result.reason


@pytest.mark.parametrize("record", ["libvirt.connect", "daemons"])
def test_is_unknown_when_the_host_did_not_answer(record: str) -> None:
    result = stopped().destination(record, None).result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.reason == f"{record} was not answered"
