"""Snapshots that hosts took of themselves, under the names by which other machines reach these hosts."""

import json
from pathlib import Path

import pytest

from preflight.answers import Record
from preflight.commands import snapshot as snapshots
from preflight.connection.target import TargetError
from preflight.judge.report import Outcome, Verdict
from tests.case import Case


def of_itself(case: Case, error: str | None = None) -> Case:
    """Have both hosts of a case taken their own snapshots; libvirt answers the destination with this error."""
    said = (None, error)
    for host, why in zip(case.hosts, said, strict=True):
        host.answers.records["libvirt.connect"] = Record(json.dumps({"uri": "qemu:///system", "error": why}))
    return case


def test_two_such_snapshots_are_a_pair_and_say_that_nobody_has_logged_in() -> None:
    report = of_itself(Case()).report()
    assert report.verdict is Verdict.READY
    logins = [one for one in report.results if one.rule.name == "ssh-login-refused"]
    assert {one.outcome for one in logins} == {Outcome.NOT_APPLICABLE}
    assert {one.reason for one in logins} <= {
        f"{name} took the snapshot itself: nobody has logged in to it"
        for name in ("host1.example.com", "host2.example.com")
    }


def test_an_error_of_the_hosts_own_libvirt_is_an_error() -> None:
    error = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied"
    result = of_itself(Case(), error).result("libvirt-unreachable", "destination")
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].predicted_error == error


@pytest.mark.parametrize("end", ["source", "destination"])
def test_a_host_to_which_no_client_gets_over_ssh_is_found(end: str) -> None:
    case = of_itself(Case())
    getattr(case, end)("helpers", "")
    result = case.result("remote-helper-missing", end)
    assert (result.outcome, result.findings[0].predicted_error) == (Outcome.FAILED, "End of file while reading data")
    assert of_itself(Case()).result("remote-helper-missing", end).outcome is Outcome.PASSED


def test_over_another_transport_its_libvirt_is_unknown() -> None:
    case = of_itself(Case()).asking(transport="tls")
    assert case.result("libvirt-unreachable", "destination").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "localhost",
            (
                "--name: localhost is not the name by which other machines reach the host: give that, such as"
                " host1.example.com"
            ),
        ),
        (
            "qemu:///system",
            (
                "--name: qemu:///system is not the name by which other machines reach the host: give that, such as"
                " host1.example.com"
            ),
        ),
        ("-oProxyCommand=x", "'-oProxyCommand=x' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"),
        ("kvm 1", "'kvm 1' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"),
    ],
)
def test_the_name_is_one_by_which_other_machines_reach_the_host(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(TargetError) as refused:
        snapshots.take("localhost", snapshots.Wanted(output=tmp_path / "a.json", name=name))
    assert str(refused.value) == why
    assert not (tmp_path / "a.json").exists()
