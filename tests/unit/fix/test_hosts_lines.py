"""Changes to lines of /etc/hosts that give a name another address, and the addresses that glibc then finds."""

import os
import subprocess
from pathlib import Path

import pytest

from preflight.facts.network.addresses import plain
from preflight.fix.files import led
from preflight.rule import HostsLine

NAME, RIGHT, WRONG = "host2.example.com", "192.0.2.12", "192.0.2.99"
LOCAL = "127.0.0.1 localhost\n"
CASES = {
    "a wrong address": (f"{LOCAL}{WRONG}\t  {NAME}  # rack 4\n", f"{LOCAL}{RIGHT}\t  {NAME}  # rack 4\n"),
    "a name in other letters": (f"{WRONG} HOST2.example.com\n", f"{RIGHT} HOST2.example.com\n"),
    "a name twice in its line": (f"{WRONG} {NAME} {NAME}\n", f"{RIGHT} {NAME} {NAME}\n"),
    "an alias in front": (f"{WRONG} {NAME} host2 # x\n", f"{WRONG} host2 # x\n{RIGHT} {NAME}\n"),
    "an alias between": (f"{WRONG}\ta {NAME} b#x\n", f"{WRONG}\ta b#x\n{RIGHT} {NAME}\n"),
    "an alias at the end": (f"{WRONG} a {NAME}", f"{WRONG} a\n{RIGHT} {NAME}\n"),
    "no newline at the end": (f"{LOCAL}{WRONG} {NAME}", f"{LOCAL}{RIGHT} {NAME}"),
    "carriage returns": (
        f"127.0.0.1 localhost\r\n{WRONG} a {NAME}\r\n",
        f"127.0.0.1 localhost\r\n{WRONG} a\r\n{RIGHT} {NAME}\r\n",
    ),
    "two wrong lines": (f"{WRONG} {NAME}\n{WRONG} a {NAME}\n", f"{RIGHT} {NAME}\n{WRONG} a\n"),
    "a right line too": (f"{RIGHT} {NAME}\n{WRONG} a {NAME}\n", f"{RIGHT} {NAME}\n{WRONG} a\n"),
    "a comment that names it": (f"# {WRONG} {NAME}\n{WRONG} {NAME}\n", f"# {WRONG} {NAME}\n{RIGHT} {NAME}\n"),
    "the address in another form": (f"::ffff:{WRONG} {NAME}\n", f"{RIGHT} {NAME}\n"),
    "a name that only begins so": (f"{WRONG} {NAME}.au {NAME}\n", f"{WRONG} {NAME}.au\n{RIGHT} {NAME}\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_line_is_corrected_and_nothing_else(case: str) -> None:
    before, after = CASES[case]
    made = led(before, [HostsLine(NAME, RIGHT, WRONG)])
    assert made == after
    assert led(made, [HostsLine(NAME, RIGHT, WRONG)]) == made


def test_a_line_for_another_address_of_the_name_stays() -> None:
    before = f"2001:db8::2 {NAME}\n{WRONG} {NAME}\n"
    assert led(before, [HostsLine(NAME, RIGHT, WRONG)]) == f"2001:db8::2 {NAME}\n{RIGHT} {NAME}\n"


def test_a_name_without_a_wrong_line_gets_a_line_once() -> None:
    once = led(f"#{RIGHT} {NAME}\n", [HostsLine(NAME, RIGHT)])
    assert once == f"#{RIGHT} {NAME}\n{RIGHT} {NAME}\n"
    assert led(once, [HostsLine(NAME, RIGHT)]) == once


@pytest.mark.skipif(os.geteuid() != 0, reason="a mount of the test's own over /etc/hosts needs root")
@pytest.mark.parametrize("case", [*CASES, "a loopback alias"])
def test_glibc_then_finds_the_address_and_no_other(tmp_path: Path, case: str) -> None:
    before, wrong = (CASES[case][0], WRONG) if case in CASES else (f"127.0.1.1 {NAME} host2\n", "127.0.1.1")
    assert wrong in found(tmp_path, before)
    assert found(tmp_path, led(before, [HostsLine(NAME, RIGHT, wrong)])) == {RIGHT}


def found(directory: Path, hosts: str) -> set[str]:
    """Return the addresses that glibc finds for the name in this /etc/hosts, seen by no other process, without DNS."""
    (directory / "hosts").write_text(hosts, newline="")
    (directory / "nsswitch.conf").write_text("hosts: files\n")
    command = f"for f in hosts nsswitch.conf; do mount --bind $f /etc/$f; done; getent ahosts {NAME}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", command],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.stderr == ""
    return {plain(line.split()[0]) for line in done.stdout.splitlines()}
