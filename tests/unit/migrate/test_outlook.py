"""`migrate --resume` shows what it will do for each guest before it asks (D10)."""

from pathlib import Path
from typing import Any

import pytest

from preflight.commands import resume
from preflight.commands.migrate import REFUSED, Wanted
from preflight.migrate.journal import Journal
from preflight.migrate.observation import (
    BY_MIGRATION,
    POSTCOPY_FAILED,
    RUNS_POSTCOPY_FAILED,
    Place,
    Sighting,
)
from preflight.migrate.outcome import Result
from preflight.migrate.outlook import Outlook, outlook
from preflight.migrate.past import Past
from preflight.migrate.run import Run, Settings
from preflight.output.outlook.text import age, text
from tests.fakes.hypervisor import NoLogs, NoStarter
from tests.unit.migrate.plans import PLAN, WEB

DB, OLD = PLAN.guests[1].uuid, PLAN.guests[2].uuid
ABSENT, OFF = Sighting(Place.ABSENT), Sighting(Place.OFF, persistent=True)
RUNS = Sighting(Place.RUNNING, persistent=True)
#: Off because it was migrated (VIR_DOMAIN_SHUTOFF_MIGRATED).
MIGRATED = Sighting(Place.OFF, 4, persistent=True)


class Seen:
    """One end of a run whose guests are known."""

    def __init__(self, guests: dict[str, Sighting]) -> None:
        self.guests = guests

    def look(self, uuid: str) -> Sighting:
        return self.guests.get(uuid, ABSENT)


def run(source: dict[str, Sighting], destination: dict[str, Sighting]) -> Run:
    here: Any = Seen(source)
    there: Any = Seen(destination)
    nothing: Any = None
    return Run(PLAN, here, there, nothing, nothing, Settings(), lambda: None, NoLogs(), NoStarter())


def test_each_guest_has_its_acts_or_its_move_or_nothing_and_why() -> None:
    known = {
        WEB: Past(began=True, handed_over=True),
        DB: Past(),
        OLD: Past(began=True, result=Result.ARRIVED),
    }
    found = outlook(run({WEB: MIGRATED, DB: RUNS}, {WEB: RUNS, OLD: OFF}), known)
    assert found == (
        Outlook("web", ("undefine on the source",), "the source still has its definition"),
        Outlook("db", ("move the guest, if a check reports READY",), ""),
        Outlook("old", (), "the guest has arrived"),
    )


def test_a_guest_that_nobody_is_sure_of_is_left_alone_and_said_to_be() -> None:
    silent = Sighting(Place.UNKNOWN)
    (web, _, old) = outlook(
        run({WEB: Sighting(Place.PAUSED, BY_MIGRATION)}, {WEB: silent, OLD: silent}), {WEB: Past(began=True)}
    )
    assert web == Outlook("web", (), "the destination does not answer")
    assert (old.name, old.steps) == ("old", ())
    assert old.why


def test_a_post_copy_that_broke_off_is_gone_on_with() -> None:
    source, destination = Sighting(Place.PAUSED, POSTCOPY_FAILED), Sighting(Place.RUNNING, RUNS_POSTCOPY_FAILED)
    web = outlook(run({WEB: source}, {WEB: destination}), {WEB: Past(began=True)})[0]
    assert web == Outlook("web", ("resume its post-copy migration",), "the post-copy migration was interrupted")


def test_a_migration_that_still_runs_is_waited_for() -> None:
    moving = Sighting(Place.RUNNING, job=True)
    web = outlook(run({WEB: moving}, {WEB: Sighting(Place.PAUSED, job=True)}), {WEB: Past(began=True)})[0]
    assert web == Outlook("web", ("wait for the job that runs on it",), "a libvirt job is still running on the guest")


def test_the_outlook_is_a_line_a_guest_without_escapes() -> None:
    shown = text([Outlook("web", ("start there", "undefine here"), "why\x1b[2J\nnot"), Outlook("db", (), "gone")])
    assert shown == (
        "what will be done, by what the hosts say now:\n"
        "  web: start there, then undefine here (why\\x1b[2J not)\n"
        "  db: nothing (gone)\n"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "5 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7200, "2 h ago"),
        (3 * 86400, "3 d ago"),
        (-1, "in the future, by this machine's clock"),
    ],
)
def test_the_age_of_a_journal_is_in_words(seconds: float, said: str) -> None:
    assert age(seconds) == said


def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_nothing_is_written_or_done_before_what_will_be_done_was_shown_and_agreed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere(tmp_path, monkeypatch)
    path = tmp_path / "j"
    made = Journal.create(path, PLAN)
    made.write("begin", WEB)
    made.close()
    before = path.read_bytes()
    asked = []

    def ask(question: str) -> bool:
        asked.append((question, capsys.readouterr().err))
        return False

    assert resume.resume(path, Wanted(ask=ask), timeout=5) == REFUSED
    ((question, shown),) = asked
    assert question.startswith("the journal was last written 20")
    assert question.endswith(" s ago: continue?")
    assert "what will be done, by what the hosts say now:\n  web: nothing (the source does not answer)\n" in shown
    assert path.read_bytes() == before


def test_where_nobody_can_answer_nothing_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere(tmp_path, monkeypatch)
    Journal.create(tmp_path / "j", PLAN).close()
    assert resume.resume(tmp_path / "j", Wanted(ask=lambda _: None), timeout=5) == REFUSED
    assert capsys.readouterr().err.endswith(
        "preflight: refused: there is no terminal on which to ask for confirmation; use --yes\n"
    )
