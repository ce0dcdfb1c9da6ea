"""virtlogd and virtlockd, to which libvirt connects when it starts a guest."""

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "log-or-lock-daemon-unreachable"
LOCKS = 'lock_manager = "lockd"\n'
FILES = 'stdio_handler = "file"\n'


def units(name: str, socket: str) -> str:
    return (
        f"Id={name}.service\nLoadState=loaded\nActiveState=inactive\n\n"
        f"Id={name}.socket\nLoadState=loaded\nActiveState={socket}\n"
    )


def case(name: str, socket: str, *, conf: str = "") -> Case:
    """Return the sound pair; on the destination neither daemon runs, and systemd says this of one's socket."""
    return (
        Case()
        .destination("log-and-lock", units(name, socket))
        .destination("daemons", "clock 1795396100.0 100.00 100\nprocess libvirtd 71 500\nsocket libvirt-sock\n")
        .destination("qemu.conf", conf)
    )


def test_catches_a_log_daemon_that_nothing_would_start() -> None:
    result = case("virtlogd", "failed").result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "virtlogd is not running, and virtlogd.socket is failed",
    )
    assert finding.predicted_error == "can't connect to virtlogd"


def test_catches_a_lock_daemon_that_nothing_would_start() -> None:
    [finding] = case("virtlockd", "inactive", conf=LOCKS).result(RULE).findings
    assert finding.message == "virtlockd is not running, and virtlockd.socket is inactive"
    assert finding.predicted_error == "Process exited prior to exec"


def test_catches_a_file_that_the_daemon_refuses_and_shows_the_line() -> None:
    told = f'{units("virtlogd", "active")}\x1f/etc/libvirt/virtlogd.conf\nmax_clients = "many"\n'
    [finding] = case("virtlogd", "active").destination("log-and-lock", told).result(RULE).findings
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("/etc/libvirt/virtlogd.conf", 1)


def test_passes_a_daemon_that_its_socket_would_start() -> None:
    assert case("virtlogd", "active").result(RULE).outcome is Outcome.PASSED


def test_passes_a_lock_daemon_that_is_not_needed() -> None:
    assert case("virtlockd", "inactive").result(RULE).outcome is Outcome.PASSED


def test_passes_a_log_daemon_where_qemu_writes_to_files() -> None:
    assert case("virtlogd", "failed", conf=FILES).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    asked = case("virtlogd", "failed").asking(offline=True, guests=("web",))
    assert asked.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_systemd_does_not_say_what_it_would_start() -> None:
    result = case("virtlockd", "inactive", conf=LOCKS).destination("log-and-lock", "").result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "virtlockd is not running, and systemd did not say whether it would start it",
    )
