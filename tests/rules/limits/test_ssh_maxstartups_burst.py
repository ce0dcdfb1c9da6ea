"""ssh-maxstartups-burst: more logins at one instant than either sshd accepts."""

from collections.abc import Callable

import pytest

from preflight.answers import SavedHost
from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Change, Finding, Location, Severity
from tests.case import Case, with_startups

RULE = "ssh-maxstartups-burst"


def configured(value: str) -> "Case":
    """Return the sound pair with MaxStartups set in the destination's sshd_config and in effect."""
    return with_startups(Case().destination, value).destination(
        "sshd_config", lambda text: text.replace("#MaxStartups 10:30:100", f"MaxStartups {value}")
    )


def test_catches_one_login_more_than_the_default_takes_as_a_risk() -> None:
    result = Case().asking(concurrency=11).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "pair")
    assert result.findings == tuple(
        Finding(
            "MaxStartups is 10:30:100: 10 simultaneous logins are safe, but 11 are requested;"
            " all succeed with a probability of 70%",
            host=role,
            predicted_error="kex_exchange_identification",
            severity=Severity.WARNING,
            change=Change("/etc/ssh/sshd_config", "MaxStartups", "11:30:100"),
        )
        for role in (Role.DESTINATION, Role.SOURCE)
    )


@pytest.mark.parametrize(("logins", "chance"), [(12, "; all succeed with a probability of 49%"), (101, "")])
def test_catches_logins_of_which_one_is_likely_to_be_dropped(logins: int, chance: str) -> None:
    result = Case().asking(concurrency=logins).result(RULE)
    assert result.severity is Severity.ERROR
    expected = f"MaxStartups is 10:30:100: 10 simultaneous logins are safe, but {logins} are requested{chance}"
    assert {finding.message for finding in result.findings} == {expected}


def test_catches_a_limit_of_each_address() -> None:
    case = Case().destination("sshd.effective", of_each_address("2"))
    case.destination("sshd_config", lambda text: text + "PerSourceMaxStartups 2\n")
    result = case.asking(concurrency=3).result(RULE)
    [finding] = result.findings
    assert (result.severity, finding.host) == (Severity.ERROR, Role.DESTINATION)
    assert finding.message == "PerSourceMaxStartups is 2, but 3 simultaneous logins from one address are requested"
    assert finding.predicted_error == "kex_exchange_identification"
    assert finding.location is not None
    assert finding.location.text == "PerSourceMaxStartups 2"
    assert finding.change == Change("/etc/ssh/sshd_config", "PerSourceMaxStartups", 3)


def test_passes_a_limit_of_each_address_that_is_kept() -> None:
    case = Case().destination("sshd.effective", of_each_address("3")).asking(concurrency=3)
    assert case.result(RULE).outcome is Outcome.PASSED


def of_each_address(value: str) -> Callable[[str], str]:
    """Change `sshd -T` to this PerSourceMaxStartups."""
    return lambda text: text.replace("persourcemaxstartups none", f"persourcemaxstartups {value}")


def test_catches_the_limit_that_a_file_sets_and_points_at_it() -> None:
    (finding,) = configured("2:30:60").asking(concurrency=3).result(RULE).findings
    assert finding == Finding(
        "MaxStartups is 2:30:60: 2 simultaneous logins are safe, but 3 are requested;"
        " all succeed with a probability of 70%",
        host=Role.DESTINATION,
        location=Location("/etc/ssh/sshd_config", 103, 13, 20, "MaxStartups 2:30:60"),
        predicted_error="kex_exchange_identification",
        severity=Severity.WARNING,
        change=Change("/etc/ssh/sshd_config", "MaxStartups", "3:30:60"),
    )


def test_catches_the_logins_of_peer_to_peer_migrations() -> None:
    assert Case().asking(concurrency=11, mode=Mode.PEER_TO_PEER).result(RULE).outcome is Outcome.FAILED


def test_catches_the_logins_of_guests_that_are_off() -> None:
    assert Case().asking(concurrency=11, offline=True).result(RULE).outcome is Outcome.FAILED


def test_catches_what_the_file_says_where_sshd_could_not_be_asked() -> None:
    case = configured("2:30:60").destination("sshd.effective", "").asking(concurrency=3)
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_as_many_as_are_safe() -> None:
    assert Case().asking(concurrency=10).result(RULE).outcome is Outcome.PASSED


def test_passes_a_raised_limit() -> None:
    case = configured("100:30:200")
    with_startups(case.source, "100:30:200")
    assert case.asking(concurrency=100).result(RULE).outcome is Outcome.PASSED


def test_passes_by_the_limit_in_force_where_a_file_says_less() -> None:
    case = Case().destination("sshd_config", lambda text: text.replace("#MaxStartups 10:30:100", "MaxStartups 2"))
    assert case.asking(concurrency=10).result(RULE).outcome is Outcome.PASSED


def test_passes_few_sessions_a_connection() -> None:
    """Each migration has its own connection."""
    case = Case().destination("sshd.effective", lambda text: text.replace("maxsessions 10", "maxsessions 1"))
    assert case.asking(concurrency=5).result(RULE).outcome is Outcome.PASSED


def test_catches_a_low_limit_of_the_sources_sshd() -> None:
    case = with_startups(Case().source, "1:30:2")
    (finding,) = case.asking(concurrency=5).result(RULE).findings
    assert finding.host is Role.SOURCE


def test_passes_a_low_limit_of_a_source_that_nobody_logs_in_to() -> None:
    case = with_startups(Case().source, "1:30:2")
    case.hosts[0] = SavedHost("localhost", case.hosts[0].answers)
    case.source("libvirt.connect", '{"uri": "qemu:///system", "error": null}')
    assert case.asking(concurrency=5).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_single_migration() -> None:
    result = configured("1:30:60").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "one migration logs in once")


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.TCP])
def test_does_not_apply_without_ssh(transport: Transport) -> None:
    result = Case().asking(concurrency=99, transport=transport).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.NOT_APPLICABLE,
        f"the control connection runs over {transport.value}",
    )


def test_passes_what_sshd_itself_says_though_its_release_is_unknown() -> None:
    """The release determines the defaults of the files alone."""
    assert Case().destination("openssh", None).asking(concurrency=2).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["sshd.effective", "sshd_config"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    result = Case().destination(record, None).asking(concurrency=2).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.reason == f"{record} was not answered"
    assert result.obscures


def test_counts_by_the_sshd_that_runs_and_not_by_its_files() -> None:
    lower = with_startups(Case().destination, "1:30:2", running="10:30:100")
    assert lower.asking(concurrency=5).result(RULE).outcome is Outcome.PASSED
    higher = with_startups(Case().destination, "20:30:100", running="1:30:2")
    [finding] = higher.asking(concurrency=5).result(RULE).findings
    assert finding.message.startswith("MaxStartups is 1:30:2: 1 simultaneous logins are safe, but 5 are requested")
    assert (finding.location, finding.change) == (None, None)
    assert finding.fix == "Reload sshd, whose configuration has a sufficient MaxStartups."


def test_is_unknown_when_neither_sshd_nor_its_files_tell() -> None:
    case = Case().destination("sshd.effective", "")
    case.destination("sshd_config", lambda text: text.replace("#MaxStartups 10:30:100", "MaxStartups 10:30"))
    result = case.asking(concurrency=2).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "sshd rejects this MaxStartups value: '10:30'")
