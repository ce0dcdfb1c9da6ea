"""unit-setting-ignored: keys in units of libvirt that systemd ignores, and variables that no command line uses."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Finding, Location, Severity
from tests.case import Case

RULE = "unit-setting-ignored"
UNIT = "/etc/systemd/system/libvirtd.service.d/override.conf"
#: Of `systemd --dump-configuration-items`.
KNOWN = "[Unit]\nDescription\nAfter\n[Service]\nType\nLimitNOFILE\nTasksMax\n[Mount]\n[Install]\nWantedBy\n"
STARTS = "starts ExecStart=/usr/sbin/libvirtd $LIBVIRTD_ARGS"


def edited(*lines: str, path: str = UNIT, known: str = KNOWN) -> str:
    return "\n".join([f"\x1f{path}", *lines, "\x1e", known])


def variables(*lines: str, starts: str = STARTS) -> str:
    path = "/etc/default/libvirtd"
    return "\n".join([f"\x1f{path}", *lines, f"\x1f{path}", starts, ""])


def test_catches_a_misspelt_key_and_names_the_one_that_is_meant() -> None:
    result = Case().destination("edited-units", edited("1 [Service]", "3 LimitNOFLE=")).result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings == (
        Finding(
            "systemd ignores LimitNOFLE in [Service]; did you mean LimitNOFILE?",
            host=Role.DESTINATION,
            location=Location(UNIT, 3, 1, 11, "LimitNOFLE"),
        ),
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1 [Unit]", "2 LimitNOFILE="], "systemd ignores LimitNOFILE in [Unit]: it is a key of [Service]"),
        (["1 [Services]", "2 Type="], "systemd ignores the section [Services]; did you mean Service?"),
        (["1 [Service]", "2 max_clients ="], "systemd ignores max_clients in [Service]"),
        (["1 TasksMax="], "systemd ignores TasksMax, which is in no section"),
    ],
)
def test_catches_what_systemd_does_not_read(lines: list[str], message: str) -> None:
    [finding] = Case().source("edited-units", edited(*lines)).result(RULE, "source").findings
    assert finding.message == message


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("libvirtd_opts", STARTS),
        ("LIBVIRT_ARGS", STARTS),
        ("LIBVIRTD_ARG", STARTS),
        ("LIBVIRTD_ARGS", "starts ExecStart=/usr/sbin/libvirtd ${libvirtd_opts}"),
    ],
)
def test_catches_a_variable_that_the_command_line_does_not_use(name: str, starts: str) -> None:
    [finding] = Case().source("edited-units", variables(f"4 {name}=", starts=starts)).result(RULE, "source").findings
    used = "$libvirtd_opts" if "opts" in starts else "$LIBVIRTD_ARGS"
    assert finding.message == f"{name} has no effect: the unit's command line uses {used}"
    assert finding.location == Location("/etc/default/libvirtd", 4, 1, 1 + len(name), name)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        edited("1 [Service]", "2 LimitNOFILE =", "3 TasksMax=", "4 X-Site=", "5 [Install]", "6 WantedBy="),
        edited("1 [X-Site]", "2 Anything="),
        variables("1 LIBVIRTD_ARGS=", "2 KRB5_KTNAME=", "3 LIBVIRT_DEBUG=", "4 start_libvirtd=", "5 QEMU_AUDIO_DRV="),
        variables("1 libvirtd_opts=", starts="starts ExecStart=/usr/sbin/libvirtd"),
    ],
)
def test_passes_settings_that_are_read_or_are_for_others(answer: str) -> None:
    assert Case().destination("edited-units", answer).result(RULE, "destination").outcome is Outcome.PASSED


def test_is_unknown_when_the_host_did_not_answer() -> None:
    assert Case().source("edited-units", None).result(RULE, "source").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (edited("1 [Service]", "2 LimitNOFLE=", known=""), "systemd did not print the keys that it reads in units"),
        (edited("one [Service]"), "unexpected line of a file about libvirt's units: 'one [Service]'"),
        (edited(path="not a path"), "unexpected name of a file about libvirt's units: 'not a path'"),
    ],
)
def test_is_unknown_when_the_answer_is_not_complete(answer: str, reason: str) -> None:
    result = Case().source("edited-units", answer).result(RULE, "source")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
