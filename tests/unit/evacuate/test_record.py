"""The file of an evacuation."""

import json
import os
import threading
from pathlib import Path

import pytest

from preflight.evacuate import record as records
from preflight.evacuate.record import RecordError
from preflight.evacuate.rows import moved_by
from preflight.evacuate.runs import evacuations
from preflight.migrate import file_lock
from preflight.migrate.journal import Journal, named_after
from preflight.migrate.runs import Stage
from tests.own_directory import own_directory
from tests.unit.evacuate.records import RECORD, WEB, leg
from tests.unit.migrate.plans import PLAN

__all__ = ["own_directory"]


def test_a_record_is_read_as_it_was_written(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    assert records.read_own(path) == (RECORD, None)
    assert records.read(path) == RECORD
    assert records.journals_of(path).is_dir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert records.is_record(path)


def test_no_record_is_overwritten_and_no_directory_of_another_is_used(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    with pytest.raises(RecordError, match="already exists, and may belong to another evacuation"):
        records.create(path, RECORD)
    records.journals_of(path).rmdir()
    with pytest.raises(RecordError, match="already exists, and is not overwritten"):
        records.create(path, RECORD)
    assert not records.journals_of(path).exists(), "what was made in vain is gone"


def test_a_record_that_others_can_write_is_refused(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    path.chmod(0o622)
    with pytest.raises(RecordError, match=r"kvm1\.evacuation"):
        records.read_own(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"preflight_evacuation": 9}, "has format 9, this preflight reads 1"),
        ({"source": {"name": "kvm1"}}, "`identity` - at `$.source`"),
        ({"runs": [{"source": "a", "destination": "b", "guests": [WEB], "width": 1, "journal": "../x"}]}, "journal"),
        ({"surprise": 1}, "surprise"),
        ({"guests": [{"name": "web", "uuid": "no"}]}, "a UUID - at `$.guests[0].uuid`"),
        ({"window": -1}, "window"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(own_directory: Path, change: dict[str, object], why: str) -> None:
    path = own_directory / "kvm1.evacuation"
    path.write_text(json.dumps(json.loads(RECORD.model_dump_json()) | change))
    path.chmod(0o600)
    with pytest.raises(RecordError) as raised:
        records.read_own(path)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"[]", b'{"preflight_plan": 3}', b"[" * 100_000])
def test_any_other_file_is_no_record(own_directory: Path, content: bytes) -> None:
    path = own_directory / "x"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(RecordError, match="not the record of an evacuation"):
        records.read(path)
    assert not records.is_record(path)


def test_a_record_is_held_by_one_process_at_a_time(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    assert not records.is_held(path)
    with records.held(path):
        assert records.is_held(path)
        with pytest.raises(RecordError, match="in use by another preflight"), records.held(path):
            pytest.fail("it was held twice")
    assert not records.is_held(path)


def test_looking_whether_a_record_is_held_keeps_nobody_from_holding_it(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD)
    looking = os.open(records.journals_of(path), os.O_RDONLY)
    assert not file_lock.is_held(looking)  # which takes the lock for as long as it looks
    ends = threading.Timer(0.1, os.close, (looking,))
    ends.start()
    with records.held(path):
        assert records.is_held(path)
    ends.join()


def test_a_journal_has_a_name_that_its_record_can_hold(own_directory: Path) -> None:
    name = f"0001-{named_after('root@kvmé', '[::1]', most=40)}.journal"
    assert name == "0001-root_kvm_-___1_.journal"
    run = leg("kvm2", WEB).model_copy(update={"journal": name})
    path = own_directory / "kvm1.evacuation"
    records.create(path, RECORD.model_copy(update={"runs": (run,)}))
    assert records.read(path).runs == (run,)


def test_a_copy_without_its_journals_cannot_be_held(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    records.write(path, RECORD)
    with pytest.raises(RecordError, match=r"\.runs: No such file"), records.held(path):
        pytest.fail("it was held")


def test_the_journals_say_where_each_guest_was_last_moved(own_directory: Path) -> None:
    path = own_directory / "kvm1.evacuation"
    guest = PLAN.guests[0].uuid
    runs = (
        leg("kvm2", guest).model_copy(update={"journal": "0001.journal"}),
        leg("kvm3", guest).model_copy(update={"journal": "0002.journal"}),
        leg("kvm4", guest).model_copy(update={"journal": "0003.journal"}),
    )
    record = RECORD.model_copy(update={"runs": runs})
    records.create(path, record)
    for name, result in (("0001.journal", "stayed"), ("0002.journal", "arrived")):
        journal = Journal.create(records.journals_of(path) / name, PLAN)
        journal.write("begin", guest)
        journal.write("ended", guest, result=result, source="absent", destination="running")
        journal.close()
    moved = moved_by(path, record)[guest]
    assert (moved.source, moved.destination, moved.has_arrived) == ("kvm1", "kvm3", True), "the third never began"


def test_a_directory_lists_its_evacuations(own_directory: Path) -> None:
    assert evacuations(own_directory / "nowhere") == ((), 0)
    first, second = own_directory / "a.evacuation", own_directory / "b.evacuation"
    records.create(first, RECORD)
    records.create(second, RECORD.model_copy(update={"over": True}))
    (own_directory / "c.evacuation").write_text("{")
    os.utime(first, (1, 1))
    with records.held(second):
        found, older = evacuations(own_directory)
    stages = {Path(one.path).name: one.stage for one in found}
    assert stages == {"a.evacuation": Stage.CUT_OFF, "b.evacuation": Stage.RUNNING, "c.evacuation": Stage.DAMAGED}
    assert older == 0
    cut_off = next(one for one in found if one.path == str(first))
    assert (cut_off.source, cut_off.destination, cut_off.unfinished) == ("kvm1", "kvm2, kvm3", ("web", "db"))
    assert {Path(one.path).name: one.stage for one in evacuations(own_directory)[0]}["b.evacuation"] is Stage.OVER


def test_a_journal_whose_run_was_never_recorded_does_not_keep_others_from_beginning(tmp_path: Path) -> None:
    path = tmp_path / "run.evacuation"
    records.create(path, RECORD)
    assert records.next_number(path) == 1
    (records.journals_of(path) / "0004-kvm1-kvm2.journal").touch()
    assert records.next_number(path) == 5
