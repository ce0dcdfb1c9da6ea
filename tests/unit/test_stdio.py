"""Output that nothing reads any more: a lost terminal, a dead or stopped reader, a full disk; the work goes on."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.migrate.journal import Journal
from tests.unit.migrate.plans import PLAN

#: `preflight migrate` with a move that says when it has begun, waits for what is to happen, tells on, and ends.
MOVE = """
import pathlib, sys, threading, time
from preflight.commands import migrate
from preflight.migrate.open import _heeding_signals
from preflight.migrate.events import Event
from preflight.migrate.ledger import Row
from preflight.migrate.outcome import Result
from preflight.migrate.run import Run, Settings
from preflight.output.run import progress as shown
from preflight.migrate.progress import Sample
from tests.unit.migrate.plans import PLAN

here, result, sys.argv = pathlib.Path(sys.argv[1]), Result(sys.argv[2]), ["preflight", *sys.argv[3:]]

def lane(tell):
    for number in range(100):
        tell(Event("progress", "web", sample=Sample(1.0, 1 << 30, number << 20, 0, 0, number)))
        tell(Event("note", "web", "x" * 1000))
    (here / "lane").touch()

def move(asked, method, wanted, **_):
    with shown.shown(PLAN.guests, wanted.events) as tell:
        run = Run(PLAN, None, None, None, tell, Settings(), None, None, None)
        with _heeding_signals([run]):
            tell(Event("started", "web"))
            (here / "began").touch()
            while not (here / "happened").exists():
                time.sleep(0.01)
            thread = threading.Thread(target=lane, args=(tell,))
            thread.start()
            thread.join()
            if run.aborting.is_set():
                (here / "aborted").touch()
            tell(Event("ended", "web"))
    (here / "over").touch()
    rows = tuple(Row(name=guest.name, uuid=guest.uuid, result=result) for guest in PLAN.guests)
    return migrate.report_end(PLAN, rows, None, wanted, interrupted=run.interrupted)

migrate.move = move
from preflight.__main__ import main
main()
"""


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "NO_COLOR")}
    return kept | {"TERM": "xterm", "PREFLIGHT_TRACEBACK": "1"}


def program(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def moving(here: Path, result: str) -> list[str]:
    return program(MOVE, str(here), result, "migrate", "localhost", "localhost", "web", "--yes")


def until(path: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} does not come"
        time.sleep(0.01)


@pytest.mark.parametrize(("result", "code"), [("arrived", 0), ("stayed", 4)])
def test_a_reader_that_dies_ends_no_migration(tmp_path: Path, result: str, code: int) -> None:
    """Kill the reader, as if tee were killed in `preflight migrate ... 2>&1 | tee`."""
    process = subprocess.Popen(
        moving(tmp_path, result), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )
    until(tmp_path / "began")
    assert process.stdout is not None
    process.stdout.close()
    (tmp_path / "happened").touch()
    assert process.wait(30) == code
    assert (tmp_path / "lane").exists()


@pytest.mark.parametrize(("result", "code"), [("arrived", 0), ("stayed", 130)])
def test_a_terminal_that_is_lost_ends_no_migration(tmp_path: Path, result: str, code: int) -> None:
    """Drop the terminal, as a lost ssh session does: SIGHUP from kernel and shell, and no write succeeds."""
    own, its = pty.openpty()
    # setsid makes the terminal the command's controlling one, so that it is hung up
    command = ["setsid", "--ctty", *moving(tmp_path, result)]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment())
    os.close(its)
    until(tmp_path / "began")
    os.close(own)
    time.sleep(0.3)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    (tmp_path / "happened").touch()
    assert process.wait(30) == code
    assert (tmp_path / "lane").exists()
    assert not (tmp_path / "aborted").exists(), "nobody has asked for that"


def test_a_reader_that_stops_reading_holds_no_migration_up(tmp_path: Path) -> None:
    """Stop the reader, as Ctrl-S does at a terminal: nothing fails, and nothing goes on."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        moving(tmp_path, "arrived"), stdout=subprocess.DEVNULL, stderr=writing, env=environment()
    )
    os.close(writing)
    (tmp_path / "happened").touch()  # 200 KB are said, and a pipe holds 64
    until(tmp_path / "over")
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read()
    assert process.wait(30) == 0


def test_what_cannot_be_shown_is_said_and_ends_no_migration(tmp_path: Path) -> None:
    broken = MOVE.replace("migrate.move = move", "shown.describe = None\nmigrate.move = move")
    (tmp_path / "happened").touch()
    command = program(broken, str(tmp_path), "arrived", "migrate", "localhost", "localhost", "web", "--yes")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0
    assert "preflight: events are no longer shown: TypeError" in done.stderr
    assert (tmp_path / "lane").exists()


def test_a_question_at_a_terminal_that_is_lost_is_answered_by_nobody(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    own, its = pty.openpty()  # not its controlling one, so that nothing but the question's own answer ends it
    preflight = str(Path(sys.executable).with_name("preflight"))
    process = subprocess.Popen(
        [preflight, "migrate", "--resume", str(tmp_path / "j")], stdin=its, stdout=its, stderr=its, env=environment()
    )
    os.close(its)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(own, 65536)
    os.close(own)
    assert process.wait(30) == 5


def closed() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("nowhere", [closed, full])
@pytest.mark.parametrize(
    ("failure", "code"),
    [("KeyError('x')", 70), ("UserError('x')", 2), ("KeyboardInterrupt", 130), ("SystemExit(4)", 4)],
)
def test_how_it_ended_is_told_by_the_exit_code_where_nothing_can_be_said(
    nowhere: Callable[[], int], failure: str, code: int
) -> None:
    text = (
        "import sys\nfrom preflight.commands import migrate\nfrom preflight.errors import UserError\n"
        f"def move(*_, **__):\n    print('said')\n    raise {failure}\n"
        "migrate.move = move\nsys.argv[0] = 'preflight'\nfrom preflight.__main__ import main\nmain()\n"
    )
    descriptor = nowhere()
    try:
        command = program(text, "migrate", "localhost", "localhost", "web", "--yes")
        done = subprocess.run(command, stdout=descriptor, stderr=descriptor, check=False, env=environment())
    finally:
        os.close(descriptor)
    assert done.returncode == code


def test_a_pipe_that_another_process_has_made_non_blocking_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    text = "from preflight.stdio import outlast\noutlast()\nfor n in range(1000): print('x' * 999)\n"
    process = subprocess.Popen(program(text), stdout=writing)
    os.close(writing)
    time.sleep(1)
    with os.fdopen(reading, "rb") as pipe:
        assert len(pipe.read()) == 1_000_000
    assert process.wait(30) == 0


#: `preflight fix --apply` of two files of this machine's.
FIX = """
import contextlib, pathlib, sys, types
from preflight.commands import fix
from preflight.fix.apply import Service
from preflight.connection.local import LocalChannel
from preflight.connection.target import parse_target
from preflight.fix.changes import FileChange
from preflight.request.migration import Role
from preflight.collect.questions import PRELUDE
from preflight.shell_text import shell
from preflight.collect.session import LiveVisit

here, sys.argv = pathlib.Path(sys.argv[1]), ["preflight", *sys.argv[2:]]
visit = LiveVisit(parse_target("localhost"), LocalChannel(PRELUDE, timeout=20), (), "ssh", timeout=20)
visit.log_in()
nothing = shell(":")
service = Service("it", nothing, shell("echo activated >>@log@", log=str(here / "log")), nothing, nothing)
changes = [
    FileChange(Role.SOURCE, "h", str(here / name), "old", "new", service, (), ()) for name in ("one", "two")
]
fix.open_hosts = lambda asked: contextlib.nullcontext()
report = types.SimpleNamespace(results=())
host = types.SimpleNamespace(name="h")
fix.check = lambda opened: types.SimpleNamespace(visits=(visit, visit), report=report, source=host, destination=host)
fix.plan = lambda checked, read, only: (changes, ())
fix.undecided = lambda results, judged: {}
from preflight.__main__ import main
main()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the script runs as root's: as_root would ask sudo")
def test_a_reader_that_dies_leaves_no_fix_half_made(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
    command = program(FIX, str(tmp_path), "fix", "localhost", "localhost", "--apply", "--yes")
    descriptor = closed()
    try:
        done = subprocess.run(command, stdout=descriptor, stderr=descriptor, check=False, env=environment())
    finally:
        os.close(descriptor)
    assert done.returncode == 0
    assert [(tmp_path / name).read_text() for name in ("one", "two")] == ["new", "new"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the script runs as root's: as_root would ask sudo")
def test_changes_that_cannot_be_shown_are_not_made(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
    command = program(FIX, str(tmp_path), "fix", "localhost", "localhost", "--apply", "--yes")
    with Path("/dev/full").open("w") as nowhere:
        done = subprocess.run(
            command, stdout=nowhere, stderr=subprocess.PIPE, text=True, check=False, env=environment()
        )
    assert (done.returncode, done.stderr) == (2, "preflight: standard output: No space left on device\n")
    assert [(tmp_path / name).read_text() for name in ("one", "two")] == ["old", "old"]
