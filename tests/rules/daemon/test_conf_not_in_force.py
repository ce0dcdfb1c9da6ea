"""conf-not-in-force: a file that the running daemon has not read, or that differs from its settings."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Location, Severity
from tests.case import Case

RULE = "conf-not-in-force"
#: Written two seconds after the daemon of the recorded source started.
LATER = "1795396002.800000000"
RESTART = "systemctl restart libvirtd"


def written(conf: str, when: str) -> "Case":
    """Return the sound pair with the time of one of the source's files changed."""

    def edit(text: str) -> str:
        lines = [line for line in text.splitlines() if not line.startswith(f"conf {conf} ")]
        return "\n".join([*lines, f"conf {conf} {when}", ""])

    return Case().source("daemons", edit)


@pytest.mark.parametrize("conf", ["libvirtd", "qemu"])
def test_catches_a_file_written_after_the_daemon_started(conf: str) -> None:
    result = written(conf, LATER).result(RULE, "source")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(f"/etc/libvirt/{conf}.conf was changed after libvirtd started", host=Role.SOURCE, fix=RESTART),
    )


def test_catches_both_files_written_later() -> None:
    case = written("libvirtd", LATER).source(
        "daemons", lambda text: text.replace("conf qemu 1795396000", "conf qemu 1795396009")
    )
    assert len(case.result(RULE, "source").findings) == 2


def test_catches_a_limit_that_was_never_taken_over() -> None:
    """The file is older than the daemon, yet the daemon has another value: virt-admin was used."""
    case = Case().destination("libvirtd.conf", lambda text: text + "max_workers = 40\n")
    result = case.result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(
            "max_workers is 40 in the file, but 20 in the running libvirtd",
            host=Role.DESTINATION,
            location=Location("/etc/libvirt/libvirtd.conf", 540, 15, 17, "max_workers = 40"),
            fix=RESTART,
        ),
    )
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_catches_a_changed_limit_once_though_the_file_is_later_too() -> None:
    case = written("libvirtd", LATER).source("libvirtd.conf", lambda text: text + "max_clients = 40\n")
    (finding,) = case.result(RULE, "source").findings
    assert finding.message == "max_clients is 40 in the file, but 5000 in the running libvirtd"


def test_catches_qemu_conf_beside_a_changed_limit() -> None:
    case = written("qemu", LATER).source("libvirtd.conf", lambda text: text + "max_clients = 40\n")
    assert [finding.message for finding in case.result(RULE, "source").findings] == [
        "max_clients is 40 in the file, but 5000 in the running libvirtd",
        "/etc/libvirt/qemu.conf was changed after libvirtd started",
    ]


def modular(text: str) -> str:
    return text.replace("process libvirtd", "process virtqemud").replace("socket libvirt-sock", "socket virtqemud-sock")


def test_catches_the_file_of_the_modular_daemon() -> None:
    case = (
        Case()
        .source("daemons", lambda text: modular(text) + f"conf virtqemud {LATER}\n")
        .source("limits", lambda text: text.replace("libvirtd", "virtqemud"))
    )
    assert case.result(RULE, "source").findings == (
        Finding(
            "/etc/libvirt/virtqemud.conf was changed after virtqemud started",
            host=Role.SOURCE,
            fix="systemctl restart virtqemud",
        ),
    )


def test_passes_the_recorded_pair() -> None:
    assert Case().result(RULE, "source").outcome is Outcome.PASSED
    assert Case().result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_file_of_a_daemon_that_guests_do_not_belong_to() -> None:
    assert written("virtproxyd", LATER).result(RULE, "source").outcome is Outcome.PASSED
    assert written("virtqemud", LATER).result(RULE, "source").outcome is Outcome.PASSED


def test_passes_a_limit_that_file_and_daemon_agree_on() -> None:
    case = (
        Case()
        .source("libvirtd.conf", lambda text: text + "max_workers = 40\nmax_workers = 50\n")
        .source("limits", lambda text: text.replace("maxWorkers     : 20", "maxWorkers     : 40"))
    )
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_passes_a_limit_of_the_daemon_that_no_file_sets() -> None:
    case = Case().source("limits", lambda text: text.replace("maxWorkers     : 20", "maxWorkers     : 40"))
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_passes_files_that_do_not_exist() -> None:
    case = Case().source("daemons", lambda text: "\n".join(line for line in text.splitlines() if "conf " not in line))
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_passes_a_daemon_that_its_socket_will_start_with_the_new_file() -> None:
    case = written("libvirtd", LATER).source(
        "daemons", lambda text: "\n".join(line for line in text.splitlines() if "process" not in line)
    )
    assert case.result(RULE, "source").outcome is Outcome.PASSED


def test_is_unknown_when_the_daemons_were_not_told() -> None:
    result = Case().source("daemons", None).result(RULE, "source")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "daemons was not answered")


def test_is_unknown_when_no_daemon_is_there_to_be_compared_with() -> None:
    case = Case().source("daemons", lambda text: text.splitlines()[0] + "\n")
    result = case.result(RULE, "source")
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "neither libvirtd nor virtqemud is running or listening on this host"
