"""`preflight status` ends with the command that resumes a run, if the run can be resumed."""

import contextlib
from pathlib import Path

import msgspec
import pytest

from preflight.commands.next_command import to_come_home, to_resume
from preflight.commands.status import of_all, of_file, resume, resumes
from preflight.evacuate import record as records
from preflight.migrate.journal import Journal
from preflight.migrate.ledger import Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.schema.journal import StepName
from preflight.schema.plan import MigrationPlan
from tests.unit.evacuate.records import RECORD, WEB, leg
from tests.unit.migrate.plans import PLAN


def begun(path: Path, plan: MigrationPlan = PLAN, *steps: StepName) -> Path:
    """Write the journal of a run that was killed after these steps."""
    with contextlib.closing(Journal.create(path, plan)) as journal:
        for step in ("run", *steps):
            journal.write(step)
    return path


def test_a_run_that_was_cut_off_can_be_resumed(tmp_path: Path) -> None:
    path = begun(tmp_path / "an evening.journal")
    assert resume(path, of_file(path)) == f"To resume this run:\npreflight migrate --resume '{path}'"


def test_the_list_of_runs_has_the_command_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "preflight").mkdir(mode=0o700)
    path = begun(tmp_path / "preflight" / "evening.journal")
    assert resumes(of_all()) == [to_resume("migrate", path)]


def test_a_rehearsal_is_resumed_by_its_own_command(tmp_path: Path) -> None:
    path = begun(tmp_path / "j", PLAN.model_copy(update={"rehearsal": True}))
    assert resume(path, of_file(path)) == to_resume("rehearse", path)


def test_a_run_that_a_process_is_at_work_on_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(Journal.create(tmp_path / "j", PLAN)):
        assert resume(tmp_path / "j", of_file(tmp_path / "j")) is None


def test_a_run_whose_guests_have_arrived_has_nothing_to_resume(tmp_path: Path) -> None:
    rows = [
        Row(name=guest.name, uuid=guest.uuid, result=Result.ARRIVED, source=Place.ABSENT, destination=Place.RUNNING)
        for guest in PLAN.guests
    ]
    with contextlib.closing(Journal.create(tmp_path / "j", PLAN)) as journal:
        journal.write("over", rows=msgspec.to_builtins(rows), interrupted=False)
    assert resume(tmp_path / "j", of_file(tmp_path / "j")) is None


def test_an_evacuation_is_resumed_by_its_record(tmp_path: Path) -> None:
    path = tmp_path / "kvm1.evacuation"
    runs = (leg("kvm2", WEB).model_copy(update={"journal": "0001-kvm1-kvm2.journal"}),)
    records.create(path, RECORD.model_copy(update={"runs": runs}))
    assert resume(path, of_file(path)) == to_resume("evacuate", path)


def test_a_plan_of_an_evacuation_was_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "kvm1.evacuation"
    records.create(path, RECORD)
    assert resume(path, of_file(path)) is None


def test_the_way_home_names_the_record_and_what_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "r"
    assert to_come_home(path, ["qemu:///x"]) == (
        f"To bring the guests home:\npreflight evacuate --back {path} --confirm-uri qemu:///x"
    )
