"""The process that starts guests if preflight dies while they migrate: the real one, with a fake virsh."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preflight.answers import Record
from preflight.migrate.outcome import LogMark
from preflight.migrate.run_lock import held, key_of
from preflight.migrate.starter import HostStarter
from preflight.shell_text import ShellText
from tests.unit.migrate.plans import PLAN
from tests.unit.migrate.test_run_lock import Login
from tests.unit.migrate.test_source_log import AT, BEGUN, MIGRATED, STARTED
from tests.unit.test_shell_text import SHELLS

WEB = PLAN.guests[0]
URI = "qemu+ssh://host2.example.com/system"
NEVER_RAN = "Domain: 'web'\n  vcpu.current=2\n  vcpu.0.time=0\n  vcpu.1.time=0"

VIRSH = """\
#!/bin/sh
cd {directory} || exit
printf '%s\\n' "$*" >> calls
case " $* " in
*' domjobinfo '*) cat job;;
*' domstate '*) cat state;;
*' domstats '*) cat stats;;
*' resume '*) echo 'running (unpaused)' > state;;
esac
"""

#: What the process sleeps between two looks, for a tenth of a second each time, so that a test can count its looks.
SLEEP = f"""\
#!/bin/sh
echo >> {{directory}}/looks
exec {shutil.which("sleep")} 0.1
"""


class Source:
    """A source on which a run of preflight is logged in to, and what the two hosts' libvirt says."""

    def __init__(self, directory: Path, sh: str) -> None:
        self.directory, self.runs, self.logs = directory, directory / "runs", directory / "logs"
        self.programs = directory / "bin"
        for made in (self.runs, self.logs, self.programs):
            made.mkdir()
        for name, text in (("virsh", VIRSH), ("sleep", SLEEP)):
            (self.programs / name).write_text(text.format(directory=directory))
            (self.programs / name).chmod(0o755)
        (self.programs / "sh").symlink_to(f"/bin/{sh}")
        self.journal = directory / "j"
        self.key = key_of(self.journal)
        self.login = Login(sh, f"PATH={self.programs}:$PATH\n")
        self.held = held(self.login, self.journal, [WEB], directory=str(self.runs))
        self.held.__enter__()
        self.log = self.logs / "web.log"
        self.log.write_text(f"{AT}{STARTED}\n")
        self.says("job", "Job type:         Unbounded")
        self.says("state", "paused (user)")
        self.says("stats", NEVER_RAN)
        self.place()

    def place(self) -> None:
        """Leave the process, and have it start the guest."""
        starter = HostStarter(self.run, self.key, URI, runs=str(self.runs), logs=str(self.logs))
        assert starter.place() is None
        assert starter.order(WEB, LogMark(self.log.stat().st_ino, self.log.stat().st_size)) is None
        until(lambda: self._found() != b"")
        self.process = Path("/proc", self._found().decode().strip(), "cmdline")

    def run(self, command: ShellText) -> Record:
        return self.login.run(command)

    def says(self, name: str, text: str) -> None:
        """Have virsh print that."""
        (self.directory / name).write_text(f"{text}\n")

    def adds(self, *lines: str) -> None:
        """Have libvirt add lines to the guest's log."""
        with self.log.open("a") as log:
            log.writelines(f"{AT}{line}\n" for line in lines)

    def dies(self) -> None:
        """End preflight's login, as if preflight had been killed."""
        self.login.channel.close()

    def started(self) -> bool:
        """Report whether the guest was started on the destination."""
        return f"-q -c {URI} resume {WEB.uuid}" in self.calls()

    def calls(self) -> list[str]:
        """Return the commands that virsh was given."""
        calls = self.directory / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def looks(self) -> int:
        """Return how often the process has looked and found nothing to do yet."""
        looks = self.directory / "looks"
        return looks.stat().st_size if looks.exists() else 0

    def looks_again(self) -> None:
        """Wait until it has looked three more times: all of the last look is later than this call."""
        before = self.looks()
        until(lambda: self.looks() >= before + 3)

    def is_there(self) -> bool:
        """Report whether the process is still there."""
        try:
            return self.key.encode() in self.process.read_bytes()
        except OSError:
            return False

    def _found(self) -> bytes:
        found = subprocess.run(["pgrep", "-o", "-f", f"{self.runs} {self.key}"], check=False, capture_output=True)
        return found.stdout


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


@pytest.fixture(params=SHELLS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    made = Source(tmp_path, request.param)
    yield made
    made.login.channel.close()
    for file in made.runs.glob("*.run"):
        file.unlink()  # which ends the process
    until(lambda: not made.is_there())


def test_a_guest_is_started_that_the_source_lets_go_after_the_death_of_preflight(source: Source) -> None:
    source.adds(BEGUN)
    source.dies()
    source.looks_again()
    assert source.is_there(), "its migration still runs"
    assert not source.started()
    source.adds(MIGRATED)
    source.says("job", "Job type:         None")
    until(source.started)
    # what it holds would keep other runs from the guest
    until(lambda: not source.is_there(), 5)
    assert list(source.runs.iterdir()) == []


def test_nothing_is_done_while_preflight_is_there(source: Source) -> None:
    source.adds(BEGUN, MIGRATED)
    source.looks_again()
    assert source.calls() == []
    source.held.__exit__(None, None, None)
    until(lambda: not source.is_there())
    assert source.calls() == []
    assert list(source.runs.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("state", "running (migrated)"),
        ("state", "paused (migrating)"),
        ("state", "paused (I/O error)"),
        ("state", "shut off (unknown)"),
        ("stats", NEVER_RAN.replace("0.time=0", "0.time=10000000")),
        ("stats", "Domain: 'web'"),
    ],
)
def test_a_copy_that_is_not_as_it_arrived_is_left_alone(source: Source, name: str, text: str) -> None:
    source.says(name, text)
    source.says("job", "Job type:         None")
    source.adds(BEGUN, MIGRATED)
    source.dies()
    until(lambda: any(" domstate " in call for call in source.calls()))
    until(lambda: not source.is_there())
    assert not source.started()


@pytest.mark.parametrize(
    "lines",
    [
        (BEGUN, MIGRATED, STARTED),
        (BEGUN, BEGUN, MIGRATED),
        (BEGUN, MIGRATED.replace("migrated", "destroyed")),
        (f"qemu: {BEGUN}", f"qemu: {MIGRATED}"),
        (),
    ],
)
def test_a_guest_that_the_source_may_have_run_again_is_left_alone(source: Source, lines: tuple[str, ...]) -> None:
    source.says("job", "error: failed to get domain 'web'")
    source.adds(*lines)
    source.dies()
    before = source.looks()
    until(lambda: not source.is_there() or source.looks() >= before + 3)
    assert not source.started()


def test_a_log_that_was_rotated_starts_nothing(source: Source) -> None:
    source.log.rename(source.logs / "web.log.0")
    source.adds(BEGUN, MIGRATED)
    source.dies()
    until(lambda: not source.is_there())
    assert source.calls() == []


def test_a_login_that_is_silent_counts_as_gone(source: Source) -> None:
    """A cut network: the source's sshd does not notice for hours, and the lock is held as long."""
    source.adds(BEGUN, MIGRATED)
    file = source.runs / f"{source.key}.run"
    then = time.time() - 3600

    def is_started() -> bool:
        os.utime(file, (then, then))  # the run of this test still gives signs of life
        return source.started()

    until(is_started)


def test_a_run_that_is_resumed_takes_over(source: Source) -> None:
    source.adds(BEGUN)
    source.dies()
    again = Login("dash")
    try:
        with held(again, source.journal, [WEB], directory=str(source.runs)):
            source.adds(MIGRATED)
            until(lambda: not source.is_there())
            assert not source.started()
    finally:
        again.channel.close()


def test_a_destination_that_does_not_answer_is_asked_again(source: Source) -> None:
    state = source.directory / "state"
    state.rename(source.directory / "away")
    source.says("job", "Job type:         None")
    source.adds(BEGUN, MIGRATED)
    source.dies()
    until(lambda: sum(" domstate " in call for call in source.calls()) > 2)
    assert not source.started()
    (source.directory / "away").rename(state)
    until(source.started)


def test_no_process_is_left_where_no_lock_is_held_or_virsh_is_missing(source: Source) -> None:
    nobody = HostStarter(source.run, "0" * 32, URI, runs=str(source.runs), logs=str(source.logs))
    assert nobody.place() == "no lock is held"
    assert nobody.order(WEB, LogMark(1, 2)) is not None
    (source.programs / "virsh").unlink()
    if not any((Path(one) / "virsh").exists() for one in os.environ["PATH"].split(":")):
        known = HostStarter(source.run, source.key, URI, runs=str(source.runs), logs=str(source.logs))
        assert known.place() == "virsh is not installed"
