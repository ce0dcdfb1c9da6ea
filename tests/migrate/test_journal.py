"""A run's journal: written before each step, whole after any crash, held by one process."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from preflight import journal
from preflight.journal import Entry, Journal, JournalError
from preflight.migrate.past import past
from preflight.migrate.recovery import Result
from tests.migrate.plans import PLAN, WEB


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.journal"
    written = Journal.create(path, PLAN)
    written.write("begin", WEB, xml="<domain/>")
    written.note("handed-over", WEB)
    written.close()
    plan, entries = journal.read(path)
    assert plan == PLAN
    assert [(entry.step, entry.guest) for entry in entries] == [("begin", WEB), ("handed-over", WEB)]
    assert entries[0].told == {"xml": "<domain/>"}


def test_only_its_owner_may_read_it_since_definitions_hold_passwords(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_a_journal_is_not_written_over(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    with pytest.raises(JournalError, match="exists; a journal is not written over: see `preflight status"):
        Journal.create(tmp_path / "j", PLAN)


def test_two_processes_do_not_work_on_one_journal(tmp_path: Path) -> None:
    held = Journal.create(tmp_path / "j", PLAN)
    with pytest.raises(JournalError, match="another preflight is at work on it"):
        Journal.resume(tmp_path / "j")
    held.close()
    Journal.resume(tmp_path / "j").close()


@pytest.mark.parametrize("kept", range(1, 40, 7))
def test_a_line_that_was_cut_off_is_left_out_and_written_over(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "j"
    written = Journal.create(path, PLAN)
    written.write("begin", WEB)
    whole = path.stat().st_size
    written.write("handed-over", WEB)
    written.close()
    os.truncate(path, whole + kept)
    assert [entry.step for entry in journal.read(path)[1]] == ["begin"]
    again = Journal.resume(path)
    again.write("resumed")
    again.close()
    assert [entry.step for entry in journal.read(path)[1]] == ["begin", "resumed"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no journal"),
        (b"\xff\xfe\n", "is no journal"),
        (b'{"preflight_snapshot": 1}\n', "is no journal"),
        (b"[" * 100_000, "is no journal"),
    ],
)
def test_what_is_no_journal_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=said):
        journal.read(path)


def test_a_line_in_the_middle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    with path.open("ab") as file:
        file.write(b'{"step":"dance","at":1}\n{"step":"over","at":2}\n')
    with pytest.raises(JournalError, match="line 2 is no step of a journal"):
        journal.read(path)


STEP = Entry("ended", 1_800_000_000.5, "gü", {"a": [1, -2.5e-7, True, None, 'x\\"é\n'], "b": {"c": False}})


def test_a_line_that_was_cut_off_anywhere_is_passed_over_where_others_follow(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    head, line = path.read_bytes(), msgspec.json.encode(STEP)
    for kept in range(len(line)):
        path.write_bytes(head + line[:kept] + b"\n" + line + b"\n")
        assert journal.read(path)[1] == (STEP,), line[:kept]


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[", b"{", b"}", b'{"step":"begin"}', b'{"step":"begin","at":1.5.', b'{"at":1', b"1"]
)
def test_what_no_step_begins_with_is_refused_where_others_follow(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    with path.open("ab") as file:
        file.write(line + b'x\n{"step":"over","at":2}\n')
    with pytest.raises(JournalError, match="line 2 is no step of a journal"):
        journal.read(path)


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file can grow beyond this size meanwhile: what is written is cut off there, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_line_for_which_there_was_no_room_is_taken_back(tmp_path: Path, left: int) -> None:
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    made.write("begin", WEB)
    whole = path.stat().st_size
    with room(whole + left):
        made.note("handed-over", WEB)
        with pytest.raises(JournalError, match="File too large"):
            made.write("begin", "another")
        assert path.stat().st_size == whole
    assert made.broken
    made.note("ended", WEB, result="arrived")
    made.close()
    assert [entry.step for entry in journal.read(path)[1]] == ["begin", "ended"]


def test_what_cannot_be_taken_back_is_no_part_of_the_next_line() -> None:
    descriptor = os.memfd_create("j", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    path = Path(f"/proc/self/fd/{descriptor}")
    made = Journal(path, descriptor)
    made._write(msgspec.json.encode(journal._Head(journal.FORMAT, PLAN)))
    made.write("begin", WEB)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    with room(path.stat().st_size + 30):
        made.note("handed-over", WEB)
        made.note("paused", WEB)
    made.note("ended", WEB, result="arrived")
    assert [entry.step for entry in journal.read(path)[1]] == ["begin", "ended"]
    made.close()


def test_a_journal_that_cannot_be_begun_is_not_there_afterwards(tmp_path: Path) -> None:
    with room(20), pytest.raises(JournalError, match="File too large"):
        Journal.create(tmp_path / "j", PLAN)
    assert not (tmp_path / "j").exists()


def test_what_is_no_journal_is_not_mended(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("first\nsecond")
    with pytest.raises(JournalError, match="is no journal"):
        Journal.resume(path)
    assert path.read_text() == "first\nsecond"


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    head = json.loads(path.read_text())
    path.write_text(json.dumps(head | {"preflight_journal": 2}) + "\n")
    with pytest.raises(JournalError, match="has format 2, this preflight reads 1"):
        journal.read(path)


def test_a_full_disk_is_an_error_before_a_step_and_remembered_after_one(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    made = Journal(tmp_path / "j", os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(JournalError, match="No space left on device"):
        made.write("begin", WEB)
    made.note("handed-over", WEB)
    assert "No space left on device" in (made.broken or "")
    made.close()


def test_what_was_written_is_on_the_disk_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "j"
    script = (
        "import os, signal\nfrom pathlib import Path\nfrom preflight.journal import Journal\n"
        "from tests.migrate.plans import PLAN, WEB\n"
        f"j = Journal.create(Path({str(path)!r}), PLAN)\nj.write('begin', WEB)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -9
    assert [entry.step for entry in journal.read(path)[1]] == ["begin"]
    Journal.resume(path).close()


def test_the_past_of_a_guest_is_what_was_last_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    made.write("begin", "another")
    made.write("begin", WEB, xml="<domain/>")
    made.write("paused", WEB)
    made.write("ended", WEB, result="stayed", source="running", destination="absent", error="no", why="")
    first = past(journal.read(path)[1], WEB)
    assert (first.began, first.paused_by_us, first.handed_over) == (True, True, False)
    assert (first.result, first.error, first.is_done) == (Result.STAYED, "no", False)
    made.write("begin", WEB)
    made.write("handed-over", WEB)
    again = past(journal.read(path)[1], WEB)
    assert (again.result, again.error, again.paused_by_us, again.handed_over) == (None, None, False, True)
    assert again.xml == "<domain/>", "a definition that could not be read again is still known"
    made.write("ended", WEB, result="arrived", source="absent", destination="running", seconds=1.5, downtime=0.2)
    done = past(journal.read(path)[1], WEB)
    assert done.is_done
    assert (done.seconds, done.downtime) == (1.5, 0.2)
    assert not past(journal.read(path)[1], "nobody").began
    made.close()
