"""daemon-conf-invalid: a file that the daemon would not start with."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Location, Severity
from tests.case import Case

RULE = "daemon-conf-invalid"
FEW = "The overall maximum number of clients must not be less than the number of clients waiting for authentication"


def stopped(text: str) -> str:
    """Return the list of daemons, with libvirtd's socket listening for it."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("process libvirtd ")) + "\n"


def appended(record: str, line: str) -> Case:
    return Case().destination("daemons", stopped).destination(record, lambda text: text + line + "\n")


def test_catches_what_libvirt_cannot_parse() -> None:
    result = appended("libvirtd.conf", "max_clients = many").result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert result.findings == (
        Finding(
            "/etc/libvirt/libvirtd.conf cannot be parsed: expecting a value",
            host=Role.DESTINATION,
            location=Location("/etc/libvirt/libvirtd.conf", 540, 15, 16, "max_clients = many"),
            predicted_error="/etc/libvirt/libvirtd.conf:540: expecting a value",
        ),
    )


def test_catches_a_value_of_the_wrong_kind() -> None:
    result = appended("libvirtd.conf", 'max_clients = "5000"').result(RULE, "destination")
    assert result.severity is Severity.ERROR
    (finding,) = result.findings
    assert finding.location == Location("/etc/libvirt/libvirtd.conf", 540, 15, 21, 'max_clients = "5000"')
    assert finding.predicted_error == (
        "/etc/libvirt/libvirtd.conf: expected an unsigned integer for 'max_clients' parameter"
    )


def test_catches_fewer_clients_than_may_wait() -> None:
    result = appended("libvirtd.conf", "max_clients = 10").result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert [finding.predicted_error for finding in result.findings] == [FEW]


def test_catches_the_drivers_file_too() -> None:
    result = appended("qemu.conf", "migration_port_min = 49300").result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert finding.message.startswith("the QEMU driver will not start with these ports")
    assert finding.location == Location("/etc/libvirt/qemu.conf", 979, 22, 27, "migration_port_min = 49300")
    assert finding.predicted_error == (
        "/etc/libvirt/qemu.conf: migration_port_max: port must be between the minimal port 49300 and 65535"
    )


def test_catches_every_problem_of_both_files() -> None:
    case = appended("libvirtd.conf", 'max_workers = 0\nhost_uuid = "x"').destination(
        "qemu.conf", lambda text: text + "lock_manager = 1\n"
    )
    errors = [finding.predicted_error for finding in case.result(RULE, "destination").findings]
    assert errors == [
        "'max_workers' must be greater than 0",
        "invalid host UUID: x",
        "/etc/libvirt/qemu.conf: expected a string for 'lock_manager' parameter",
    ]


def test_catches_it_as_a_warning_while_the_daemon_still_runs() -> None:
    case = Case().source("libvirtd.conf", lambda text: text + "max_workers = 0\n")
    result = case.result(RULE, "source")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    (finding,) = result.findings
    assert (finding.host, finding.severity) == (Role.SOURCE, Severity.WARNING)
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


SOUND = {
    "an option of a later release": 'some_option_of_a_later_release = "x"',
    "a key given twice, of which only the first counts": "max_clients = 40\nmax_clients = 0",
    "a comment behind a value": "max_clients = 40 # few",
    "several settings in a line": "max_clients = 40; max_workers = 10",
    "the least that is allowed": "max_clients = 20",
    "no blank around the sign": "max_clients=40",
    "a comment that looks like a mistake": "# max_clients = ",
    "a list over several lines": 'sasl_allowed_username_list = [\n "a",\n "b",\n]',
    "single quotes": "host_uuid = '00000000-0000-4000-8000-000000000001'",
    "a setting that was dropped long ago": "max_requests = 0",
}


@pytest.mark.parametrize("lines", SOUND.values(), ids=SOUND.keys())
def test_passes(lines: str) -> None:
    result = appended("libvirtd.conf", lines).result(RULE, "destination")
    assert (result.outcome, result.severity, result.findings) == (Outcome.PASSED, Severity.ERROR, ())


def test_passes_a_file_without_a_final_newline() -> None:
    case = Case().destination("libvirtd.conf", lambda text: text + "max_clients = 40")
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_a_host_without_the_files() -> None:
    case = Case()
    for name in ("libvirtd.conf", "qemu.conf"):
        case.hosts[1].answers.records[name] = case.hosts[1].answers.records["virtqemud.conf"]
    assert case.hosts[1].answers.records["qemu.conf"].missing
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_the_file_of_a_daemon_that_does_not_serve_guests() -> None:
    assert Case().destination("virtqemud.conf", "max_clients = many\n").result(RULE, "destination").outcome is (
        Outcome.PASSED
    )


@pytest.mark.parametrize("record", ["daemons", "libvirtd.conf", "qemu.conf"])
def test_is_unknown_when_a_file_was_not_read(record: str) -> None:
    result = Case().destination(record, None).result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.reason == f"{record} was not answered"
    assert result.obscures


def test_is_unknown_when_a_file_may_not_be_read() -> None:
    case = Case()
    name = "libvirtd.conf"
    case.hosts[0].answers.records[name] = type(case.hosts[0].answers.records[name])(
        "", 1, "sudo: a password is required"
    )
    result = case.result(RULE, "source")
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "root's rights are missing (a password is required): log in as root, or allow the user `sudo -n` (NOPASSWD)",
    )


def confined(*lines: str) -> Case:
    """Return the sound pair, but the daemon is stopped and these lines are the whole qemu.conf."""
    return Case().destination("daemons", stopped).destination("qemu.conf", "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("driver", ['"none"', '[ "apparmor", "none" ]'])
def test_catches_confinement_by_a_driver_that_confines_nothing(driver: str) -> None:
    case = confined(f"security_driver = {driver}", "security_require_confined = 1")
    result = case.result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert finding.predicted_error == 'Security driver "none" cannot create confined guests'
    assert finding.location is not None
    assert finding.location.text == "security_require_confined = 1"


@pytest.mark.parametrize(
    "lines",
    [
        ('security_driver = "none"', "security_require_confined = 0"),
        ('security_driver = "none"', "security_default_confined = 1"),
        ('security_driver = "apparmor"', "security_require_confined = 1"),
        ("security_require_confined = 1",),
    ],
)
def test_passes_drivers_that_do_what_is_required_of_them(lines: tuple[str, ...]) -> None:
    assert confined(*lines).result(RULE, "destination").outcome is Outcome.PASSED
