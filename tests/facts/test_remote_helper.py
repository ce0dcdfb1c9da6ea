"""The help texts in cases/remote_helper are what the three netcats of Debian 12 print for `nc -h`."""

import shlex
import subprocess
from pathlib import Path

import pytest

from preflight.collect import questions
from preflight.facts.control.remote_helper import RemoteHelper
from preflight.facts.fact import Record

CASES = Path(__file__).parent / "cases" / "remote_helper"


def ask(directory: Path) -> str:
    """Run the collecting command on a host that has only these programs, and the usual ones."""
    path = f"{directory}:/usr/bin:/bin"
    looked = 'command -v "$h"'
    assert looked in questions.PRELUDE
    functions = questions.PRELUDE.replace(looked, f"{looked} | grep ^{shlex.quote(str(directory))}")
    command = functions + questions.STANDING["helpers"]
    asked = subprocess.run(["sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=True)
    return asked.stdout


@pytest.mark.parametrize(
    ("program", "unix"),
    [("netcat-openbsd-1.219", True), ("ncat-7.93", True), ("netcat-traditional-1.10-47", False)],
)
def test_the_question_tells_netcats_apart(program: str, unix: bool, tmp_path: Path) -> None:
    netcat = tmp_path / "nc"
    netcat.write_text(f'#!/bin/sh\n[ "$1" = -h ] && cat {CASES / program}.txt >&2\n')
    netcat.chmod(0o755)
    known = RemoteHelper.parse(Record(ask(tmp_path)), Record(""))
    assert (known.netcat, known.netcat_unix, known.virt_ssh_helper) == (True, unix, False)
    assert known.usable is unix


def test_libvirts_own_helper_needs_no_netcat() -> None:
    known = RemoteHelper.parse(Record("/usr/bin/virt-ssh-helper\n"), Record("socket virtqemud-sock\n"))
    assert (known.virt_ssh_helper, known.netcat, known.netcat_unix) == (True, False, False)
    assert (known.legacy_socket, known.modular_socket, known.usable) == (False, True, True)


def test_no_helper_at_all() -> None:
    known = RemoteHelper.parse(Record(""), Record("socket libvirt-sock\n"))
    assert not known.usable
    assert known.legacy_socket
