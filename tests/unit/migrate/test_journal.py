"""A run's journal: written before each step, whole after any crash, held by one process."""

import dataclasses
import fcntl
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest

from preflight import own_file
from preflight.migrate import journal
from preflight.migrate.journal import Journal, JournalError
from preflight.migrate.ledger import Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.migrate.past import past, pasts
from preflight.schema import journal as steps
from tests.unit.migrate.plans import PLAN, WEB, altered

DB, OLD = PLAN.guests[1].uuid, PLAN.guests[2].uuid


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.journal"
    written = Journal.create(path, PLAN)
    written.write("begin", WEB, xml="<domain/>")
    written.note("handed-over", WEB)
    written.close()
    plan, entries = journal.read(path)
    assert plan == PLAN
    assert [(entry.step, entry.guest) for entry in entries] == [("begin", WEB), ("handed-over", WEB)]
    assert entries[0].told == steps.Begun(xml="<domain/>")


def test_only_its_owner_may_read_it_since_definitions_hold_passwords(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_a_journal_is_not_written_over(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", PLAN).close()
    with pytest.raises(JournalError, match="exists, and a journal is never overwritten: see `preflight status"):
        Journal.create(tmp_path / "j", PLAN)


def test_two_processes_do_not_work_on_one_journal(tmp_path: Path) -> None:
    held = Journal.create(tmp_path / "j", PLAN)
    with pytest.raises(JournalError, match="in use by another preflight"):
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
        (b"", "not a preflight journal"),
        (b"\xff\xfe\n", "not a preflight journal"),
        (b'{"preflight_snapshot": 1}\n', "not a preflight journal"),
        (b"[" * 100_000, "not a preflight journal"),
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
    with pytest.raises(JournalError, match="line 2 is not a valid journal step"):
        journal.read(path)


STEP = steps.Ended(
    step="ended",
    at=1_800_000_000.5,
    guest=WEB,
    told=steps.Outcome(result="stayed", error='x\\"é\n', why="gü", seconds=1.5, downtime=-2.5e-7),
)


def test_a_line_that_was_cut_off_anywhere_is_passed_over_where_others_follow(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    head, line = path.read_bytes(), steps.STEP.dump_json(STEP)
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
    with pytest.raises(JournalError, match="line 2 is not a valid journal step"):
        journal.read(path)


@contextmanager
def room(size: int) -> Iterator[None]:
    """Limit the size of every file for a time: writes are cut off there, as on a full disk."""
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
            made.write("begin", DB)
        assert path.stat().st_size == whole
    assert made.broken
    made.note("ended", WEB, result="arrived")
    made.close()
    assert [entry.step for entry in journal.read(path)[1]] == ["begin", "ended"]


def test_what_cannot_be_taken_back_is_no_part_of_the_next_line() -> None:
    descriptor = os.memfd_create("j", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    path = Path(f"/proc/self/fd/{descriptor}")
    made = Journal(path, descriptor)
    made._write(steps.Head(plan=PLAN).model_dump_json().encode())
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
    with pytest.raises(JournalError, match="not a preflight journal"):
        Journal.resume(path)
    assert path.read_text() == "first\nsecond"


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    head = json.loads(path.read_text())
    path.write_text(json.dumps(head | {"preflight_journal": 4}) + "\n")
    with pytest.raises(JournalError, match="journal format 4 is not supported"):
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
        "import os, signal\nfrom pathlib import Path\nfrom preflight.migrate.journal import Journal\n"
        "from tests.unit.migrate.plans import PLAN, WEB\n"
        f"j = Journal.create(Path({str(path)!r}), PLAN)\nj.write('begin', WEB)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[3])
    assert killed.returncode == -9
    assert [entry.step for entry in journal.read(path)[1]] == ["begin"]
    Journal.resume(path).close()


def test_the_past_of_a_guest_is_what_was_last_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    made.write("begin", DB)
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
    assert not past(journal.read(path)[1], OLD).began
    made.close()


def damaged(path: Path, *lines: bytes) -> str:
    """Return the error for a journal with these lines after its head."""
    Journal.create(path, PLAN).close()
    with path.open("ab") as file:
        file.writelines(line + b"\n" for line in lines)
    with pytest.raises(JournalError) as refused:
        journal.read(path)
    with pytest.raises(JournalError) as refused_again:
        Journal.resume(path)
    assert str(refused_again.value) == str(refused.value)
    path.unlink()
    return str(refused.value).removeprefix(f"{path}: ")


AT = b'"at":1800000000.0'
OF_WEB = AT + b',"guest":"' + WEB.encode() + b'"'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"step":"over",%s}' % AT, "Object missing required field `told`"),
        (b'{"step":"over",%s,"told":{}}' % AT, "Object missing required field `rows` - at `$.told`"),
        (b'{"step":"over",%s,"told":{"rows":5}}' % AT, "Expected `array`, got `int` - at `$.told.rows`"),
        (b'{"step":"ended",%s}' % OF_WEB, "Object missing required field `told`"),
        (b'{"step":"ended",%s,"told":{"result":"gone"}}' % OF_WEB, "Invalid enum value 'gone' - at `$.told.result`"),
        (b'{"step":"ended",%s,"told":{"result":[]}}' % OF_WEB, "Expected `str`, got `array` - at `$.told.result`"),
        (b'{"step":"begin",%s,"told":{"xml":7}}' % OF_WEB, "Expected `str`, got `int` - at `$.told.xml`"),
        (b'{"step":"begin",%s,"told":{"paused":"no"}}' % OF_WEB, "Expected `bool`, got `str`"),
        (b'{"step":"begin",%s}' % AT, "Object missing required field `guest`"),
        (b'{"step":"begin","at":1e300,"guest":"x"}', "Expected `float` <= 250000000000.0 - at `$.at`"),
        (b'{"step":"begin",%s,"guest":"web"}' % AT, "Expected a UUID - at `$.guest`"),
        (b'{"step":"paused",%s,"told":{"xml":""}}' % OF_WEB, "Object contains unknown field `xml` - at `$.told`"),
    ],
)
def test_a_damaged_step_is_named_by_line_field_and_form(tmp_path: Path, line: bytes, said: str) -> None:
    assert damaged(tmp_path / "j", line).startswith(f"line 2 is not a valid journal step: {said}")


def test_a_journal_of_any_length_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    os.truncate(path, 10**9)
    for reads in journal.read, Journal.resume:
        with pytest.raises(JournalError, match="has 1000000000 bytes; the limit is 100663296"):
            reads(path)


def test_a_line_and_lines_without_end_are_refused(tmp_path: Path) -> None:
    look = "; `virsh list --all` on both hosts shows where its guests are"
    longest = b'{"step":"' + b"x" * journal.LONGEST
    assert damaged(tmp_path / "j", longest) == f"line 2 has more than 16777216 bytes{look}"
    assert damaged(tmp_path / "j", b"\n" * 500_000) == f"more than 500000 lines{look}"


def test_a_journal_never_grows_beyond_what_is_read_of_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    with path.open("ab") as file:
        os.truncate(path, journal.MOST - 10)
        size = file.seek(0, os.SEEK_END)
    with pytest.raises(JournalError, match="the journal is full"):
        made.write("begin", WEB)
    made.note("handed-over", WEB)
    assert "is full" in (made.broken or "")
    assert path.stat().st_size == size
    made.close()


def test_a_journal_has_no_more_lines_and_values_than_are_read_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    marks = own_file.marks(steps.Head(plan=PLAN).model_dump_json().encode())
    begin = own_file.marks(steps.ready("begin", WEB, {}).at(time.time()))
    for name, most in (
        ("preflight.migrate.journal.MOST_LINES", 3),
        ("preflight.own_file.MOST_MARKS", marks + 2 * begin),
    ):
        with monkeypatch.context() as limited:
            limited.setattr(name, most)
            made = Journal.create(path, PLAN)
            made.write("begin", WEB)
            made.close()
            again = Journal.resume(path)
            again.write("begin", DB)
            with pytest.raises(JournalError, match="is full"):
                again.write("begin", OLD)
            again.close()
            assert len(journal.read(path)[1]) == 2
        path.unlink()


def test_what_libvirt_said_at_any_length_does_not_make_the_journal_unreadable(tmp_path: Path) -> None:
    made = Journal.create(tmp_path / "j", PLAN)
    made.write("begin", WEB)
    made.note("ended", WEB, result="stayed", error="x" * 1_000_000, why="y" * 1_000_000, downtime=float("nan"))
    made.note("settle", WEB, act="start on the source", why="z" * 1_000_000)
    row = {"name": "web", "uuid": WEB, "result": "stayed", "error": "x" * 1_000_000}
    made.note("over", rows=[row], interrupted=False)
    made.close()
    assert len(journal.read(tmp_path / "j")[1]) == 4


def test_a_journal_that_others_could_have_written_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    path.chmod(0o622)
    with pytest.raises(
        JournalError, match="j: users other than you and root can write to it, so it is not used: chmod go-w"
    ):
        Journal.resume(path)
    assert journal.read(path)[0] == PLAN, "to show it contacts no host"


def test_what_is_gone_on_with_is_the_file_that_is_held_whatever_bears_its_name(tmp_path: Path) -> None:
    path, other = tmp_path / "j", tmp_path / "other"
    Journal.create(path, PLAN).close()
    made = Journal.resume(path)
    Journal.create(other, altered(PLAN, source="evil")).close()
    other.replace(path)
    assert made.read()[0].source == PLAN.source
    made.close()


def test_a_journal_knows_every_result_and_place_and_step() -> None:
    assert set(get_args(steps.ResultName)) == {result.value for result in Result}
    assert set(get_args(steps.PlaceName)) >= {place.value for place in Place}
    assert [get_args(one.__annotations__["step"])[0] for one in get_args(steps.Entry)] == list(get_args(steps.StepName))
    assert {field.name for field in dataclasses.fields(steps.SeenRow)} >= set(Row.__struct_fields__)


def test_the_pasts_of_thousands_of_guests_are_read_in_one_pass() -> None:
    uuids = [f"f1d015bd-14ec-4fe8-8cdc-{number:012x}" for number in range(20_000)]
    entries = [steps.Begin(step="begin", at=1.0, guest=uuid) for uuid in uuids for _ in range(5)]
    began = time.process_time()
    assert len(pasts(entries)) == 20_000
    assert time.process_time() - began < 5


def test_a_lock_that_is_held_for_an_instant_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    with path.open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        threading.Timer(0.05, lambda: fcntl.flock(looked_at, fcntl.LOCK_UN)).start()
        Journal.resume(path).close()


def test_words_of_libvirts_that_are_no_text_stop_no_run(tmp_path: Path) -> None:
    """An encoder that raises would leave a guest that has arrived without whoever starts it."""
    path = tmp_path / "journal"
    written = Journal.create(path, PLAN)
    written.note("ended", WEB, result="stayed", error="it said \udc80", why="\ud800")
    written.close()
    assert written.broken is None
    (entry,) = journal.read(path)[1]
    assert isinstance(entry, steps.Ended)
    assert entry.told.error == "it said \\udc80"
