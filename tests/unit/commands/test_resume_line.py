"""The last line of a run that has not done all of its work is the command that resumes it."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from preflight.commands.migrate import resumable
from preflight.migrate.journal import Journal
from tests.interrupting import hears_interrupts
from tests.unit.migrate.plans import PLAN


def begin(directory: Path, how: str, journal: str, *more: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.unit.commands.moving", str(directory), how]
    command = ["migrate", "host1.example.com", "host2.example.com", "web", "--yes", "--journal", journal, *more]
    return subprocess.Popen(
        [*program, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        cwd=directory,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - no thread of the tests' own holds a lock
    )


def ended(process: subprocess.Popen[str]) -> list[str]:
    said, _ = process.communicate(timeout=60)
    return said.splitlines()


def resumes(lines: list[str], path: Path) -> bool:
    """Report whether the last line, as a shell reads it, resumes the run of this journal."""
    return lines[-2:-1] == ["To resume this run:"] and shlex.split(lines[-1]) == [
        "preflight",
        "migrate",
        "--resume",
        str(path),
    ]


def until_it_has_begun(directory: Path) -> None:
    for _ in range(600):
        if (directory / "began").exists():
            return
        time.sleep(0.05)
    raise AssertionError("it does not begin")


def test_a_run_that_failed_ends_with_the_command_that_resumes_it(tmp_path: Path) -> None:
    process = begin(tmp_path, "fails", "j")
    lines = ended(process)
    assert (process.returncode, resumes(lines, tmp_path / "j")) == (4, True), lines
    assert any(line.startswith("NOT ARRIVED") for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_interrupted_ends_with_the_command_that_resumes_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = begin(tmp_path, "hangs", "j")
    until_it_has_begun(tmp_path)
    process.send_signal(number)
    time.sleep(1)
    process.send_signal(number)
    lines = ended(process)
    assert (process.returncode, resumes(lines, tmp_path / "j")) == (130, True), lines


def test_a_run_that_a_bug_ended_does_too(tmp_path: Path) -> None:
    process = begin(tmp_path, "bug", "j")
    lines = ended(process)
    assert (process.returncode, resumes(lines, tmp_path / "j")) == (70, True), lines
    assert any(line.startswith("preflight: a bug in preflight: RuntimeError") for line in lines)


def test_a_run_whose_events_cannot_be_written_does_too(tmp_path: Path) -> None:
    process = begin(tmp_path, "arrives", "j", "--events", "no/such/directory/e")
    lines = ended(process)
    assert (process.returncode, resumes(lines, tmp_path / "j")) == (2, True), lines


def test_a_run_that_arrived_says_nothing_of_it(tmp_path: Path) -> None:
    process = begin(tmp_path, "arrives", "j")
    lines = ended(process)
    assert process.returncode == 0
    assert lines[-1].startswith("ARRIVED")
    assert not any("--resume" in line for line in lines)


def test_a_path_is_quoted_for_the_shell(tmp_path: Path) -> None:
    process = begin(tmp_path, "fails", "an evening's $(journal)")
    lines = ended(process)
    assert resumes(lines, tmp_path / "an evening's $(journal)"), lines


def test_where_nothing_was_begun_there_is_nothing_to_resume(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    process = begin(tmp_path, "arrives", "j")
    lines = ended(process)
    assert process.returncode == 2
    assert len(lines) == 1


def test_uris_that_were_confirmed_are_confirmed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = "qemu+ssh://host2/system?command=my ssh"
    assert resumable(tmp_path / "j", (uri,), lambda: 4) == 4
    words = shlex.split(capsys.readouterr().err.splitlines()[-1])
    assert words == ["preflight", "migrate", "--resume", str(tmp_path / "j"), "--confirm-uri", uri]


def test_what_a_run_ended_with_goes_on_to_whoever_reports_it(tmp_path: Path) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        resumable(tmp_path / "j", (), interrupted)
    assert raised.value.__notes__ == [f"To resume this run:\npreflight migrate --resume {tmp_path / 'j'}"]
