"""A run from end to end, as far as no host is needed: its locks, and its exit codes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from preflight.commands import migrate, resume
from preflight.commands.migrate import Wanted
from preflight.migrate import run_lock
from preflight.migrate.journal import Journal, JournalError
from preflight.migrate.ledger import Row
from preflight.migrate.outcome import Result
from preflight.plan import file as plan_file
from preflight.plan.make import Refused
from tests.case import Case
from tests.unit.migrate.plans import PLAN, WEB, altered


def test_nobody_is_asked_to_go_on_with_a_run_that_another_preflight_is_at(tmp_path: Path) -> None:
    held = Journal.create(tmp_path / "j", PLAN)
    with pytest.raises(JournalError, match="in use by another preflight"):
        resume.resume(tmp_path / "j", Wanted(ask=lambda _: pytest.fail("asked")), timeout=1)
    preflight = str(Path(sys.executable).with_name("preflight"))
    done = subprocess.run(
        [preflight, "migrate", "--resume", str(tmp_path / "j")], capture_output=True, text=True, check=False
    )
    busy = f"{tmp_path}/j: in use by another preflight: wait for it, or see `preflight status {tmp_path}/j`"
    assert (done.returncode, done.stderr) == (2, f"preflight: {busy}\n")
    held.close()


def test_a_run_is_held_while_the_question_waits_so_that_what_was_shown_still_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    made.write("begin", WEB)
    made.close()

    def ask(_question: str) -> bool:
        assert "UNDER WAY" in capsys.readouterr().err
        with pytest.raises(JournalError, match="in use by another preflight"):
            Journal.resume(path)
        return False

    assert resume.resume(path, Wanted(ask=ask), timeout=1) == migrate.REFUSED
    Journal.resume(path).close()


def begun(monkeypatch: pytest.MonkeyPatch, path: Path, held: Any) -> int:
    """Begin a run whose check said READY, with this lock on the source."""
    nothing: Any = SimpleNamespace(visits=(None, None), report=None)
    monkeypatch.setattr(migrate, "live", lambda visits: visits)
    monkeypatch.setattr(run_lock, "held", held)
    return migrate.start(PLAN, nothing, nothing, Wanted(journal=path))


def test_a_run_under_the_name_of_anothers_journal_does_not_touch_the_others_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = Journal.create(tmp_path / "j", PLAN)
    with pytest.raises(JournalError, match="exists"):
        begun(monkeypatch, tmp_path / "j", lambda *_: pytest.fail("the lock bears the journal's name"))
    first.close()


@pytest.mark.parametrize("why", [Refused("refused: web: a run of alice moves it already"), KeyboardInterrupt()])
def test_a_run_that_gets_no_lock_leaves_no_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], why: BaseException
) -> None:
    @contextmanager
    def held(*_: object) -> Iterator[None]:
        assert (tmp_path / "j").exists()
        raise why
        yield

    if isinstance(why, Refused):
        assert begun(monkeypatch, tmp_path / "j", held) == migrate.REFUSED
        assert capsys.readouterr().err == f"preflight: {why}\n"
    else:
        with pytest.raises(KeyboardInterrupt):
            begun(monkeypatch, tmp_path / "j", held)
    assert not (tmp_path / "j").exists()


def test_a_way_home_that_cannot_be_planned_does_not_change_how_the_run_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row(name=guest.name, uuid=guest.uuid, result=Result.ARRIVED) for guest in PLAN.guests]
    nowhere: Any = None
    code = migrate.report_end(PLAN, rows, nowhere, Wanted(back=tmp_path / "back"), interrupted=False)
    assert code == migrate.ARRIVED
    assert f"{tmp_path / 'back'}: not written: a bug in preflight: AttributeError" in capsys.readouterr().err


def test_a_plan_for_a_host_that_cannot_be_logged_in_to_is_refused_with_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'Connection refused' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    plan_file.write(tmp_path / "p", altered(PLAN, lapses=time.time() + 99))
    assert migrate.run_plan(tmp_path / "p", Wanted(), timeout=5) == migrate.REFUSED
    shown = capsys.readouterr()
    assert "ssh-login-refused" in shown.out
    assert shown.err == "preflight: refused: the check says NOT READY: take the next step that its report names\n"


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_the_report_of_a_refusal_has_colour_as_that_of_a_check(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(Refused):
        migrate.refuse_unless_ready(Case("hosts-line-gone/host1", "hosts-line-gone/host2").checked())
    assert ("\x1b[31;1mNOT READY\x1b[0m" in capsys.readouterr().out) is coloured
