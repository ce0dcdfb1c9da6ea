"""sshd-not-reloaded: sshd's files say other than the sshd that listens."""

from preflight.judge.report import Outcome
from preflight.request.migration import Role, Transport
from preflight.rule import Severity
from tests.case import Case, with_startups

RULE = "sshd-not-reloaded"


def test_catches_a_limit_that_was_written_and_is_not_in_force() -> None:
    case = with_startups(Case().destination, "1:30:2", running="10:30:100")
    case.destination("sshd_config", lambda text: text.replace("#MaxStartups 10:30:100", "MaxStartups 1:30:2"))
    result = case.result(RULE, "destination")
    [finding] = result.findings
    assert (result.outcome, result.severity, finding.host) == (Outcome.FAILED, Severity.WARNING, Role.DESTINATION)
    assert finding.message == "MaxStartups is 1:30:2 in the configuration, but 10 to 100 in the running sshd"
    assert finding.location is not None
    assert finding.location.path == "/etc/ssh/sshd_config"


def test_catches_a_limit_that_is_in_force_and_not_written_any_more() -> None:
    case = with_startups(Case().source, "10:30:100", running="1:30:2")
    [finding] = case.result(RULE, "source").findings
    assert finding.message == "MaxStartups is 10:30:100 in the configuration, but 1 to 2 in the running sshd"


#: As the listener's record begins where files are newer than the PidFile.
NEWER = "newer /etc/ssh/sshd_config.d\nnewer /etc/ssh/sshd_config.d/a.conf\n"


def test_catches_files_that_changed_since_sshd_read_them() -> None:
    result = Case().destination("sshd.listener", lambda text: NEWER + text).result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert finding.message == (
        "changed after sshd was started or reloaded: /etc/ssh/sshd_config.d, /etc/ssh/sshd_config.d/a.conf"
    )


def test_a_limit_in_a_file_that_sshd_has_not_read_does_not_decide_the_verdict() -> None:
    def each(text: str) -> str:
        return text.replace("persourcemaxstartups none", "persourcemaxstartups 2")

    def written(text: str) -> str:
        return text + "\x1f/etc/ssh/sshd_config.d/a.conf\nPerSourceMaxStartups 2\n"

    case = Case().destination("sshd.effective", each).destination("sshd_config", written).asking(concurrency=3)
    assert case.result("ssh-maxstartups-burst").severity is Severity.ERROR
    unloaded = case.destination("sshd.listener", lambda text: NEWER + text).result("ssh-maxstartups-burst")
    assert (unloaded.outcome, unloaded.severity) == (Outcome.FAILED, Severity.WARNING)


def test_passes_files_that_each_login_reads_again() -> None:
    socket = f"{NEWER}Accept=yes\nMaxConnections=64\nId=sshd.socket\nActiveState=active\n"
    assert Case().destination("sshd.listener", socket).result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_an_sshd_whose_title_says_nothing() -> None:
    case = Case().destination("sshd.listener", "sshd: /usr/sbin/sshd -D\n")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_does_not_apply_without_ssh() -> None:
    result = Case().asking(transport=Transport.TLS).result(RULE, "destination")
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_sshds_configuration_could_not_be_read() -> None:
    case = Case().destination("sshd.effective", None)
    assert case.result(RULE, "destination").outcome is Outcome.UNKNOWN
