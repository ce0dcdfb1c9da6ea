"""`preflight steer` and what `migrate --resume` takes of it: what is refused in one line before any host is asked."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from preflight.cli.app import with_commands
from preflight.commands import steer
from preflight.commands.migrate import NOT_ARRIVED, of_all
from preflight.commands.steer import Wanted, chosen_guests, refuse_postcopy, steer_first
from preflight.errors import UserError
from preflight.migrate.journal import Journal, JournalError
from preflight.migrate.past import Past
from preflight.migrate.steer import Steering
from preflight.request.method import Method
from preflight.schema.plan import StayingGuest
from tests.unit.migrate.plans import PLAN, WEB, altered
from tests.unit.migrate.runs import Pair
from tests.unit.migrate.test_steer import JOB

DB = "19522740-9b9c-476e-bb6d-379ee4f7650c"
ABORT = Steering(abort=True)


def refusal_of(*words: str) -> str:
    """Return why a command line is refused."""
    done = CliRunner().invoke(with_commands(words[0]), list(words))
    assert isinstance(done.exception, UserError), (done.exception, done.output)
    return str(done.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which change? Give --bandwidth, --max-downtime, --postcopy or --abort"),
        (("--abort", "--bandwidth", "5"), "--abort cannot be combined with other changes: give it alone"),
        (("--abort", "--postcopy"), "--abort cannot be combined with other changes: give it alone"),
    ],
)
def test_what_cannot_be_meant_is_one_line(words: tuple[str, ...], said: str) -> None:
    assert refusal_of("steer", "j", *words) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "b", "web", "--abort"), "--abort requires --resume; `preflight steer` aborts"),
        (
            ("--resume", "j", "--abort", "--max-downtime", "5"),
            "--abort cannot be combined with other changes: give it alone",
        ),
        (("--resume", "j", "--parallel"), "--parallel: the journal determines this"),
        (("--resume", "j", "--ready-only"), "--ready-only: the journal determines this"),
        (("j", "--bandwidth", "5"), "--bandwidth: the plan determines this"),
    ],
)
def test_what_a_run_does_not_take_is_one_line(words: tuple[str, ...], said: str) -> None:
    assert refusal_of("migrate", *words).startswith(said)


def test_guests_are_named_by_name_or_uuid_each_once() -> None:
    assert [one.name for one in chosen_guests(PLAN, ())] == ["web", "db"], "a guest that is off has no migration"
    assert [one.name for one in chosen_guests(PLAN, (DB, "web", "db"))] == ["db", "web"]
    with pytest.raises(UserError, match=r"^the run has no guest 'wbe'; it has: db, old, web$"):
        chosen_guests(PLAN, ("wbe",))


def test_post_copy_needs_a_run_that_was_started_with_it() -> None:
    with pytest.raises(UserError, match=r"^--postcopy: the run was started without --postcopy"):
        refuse_postcopy(PLAN, Steering(postcopy=True))
    refuse_postcopy(altered(PLAN, method=Method(postcopy=True)), Steering(postcopy=True))
    refuse_postcopy(PLAN, ABORT)


def test_the_journal_must_be_the_callers_own(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal.create(path, PLAN).close()
    path.chmod(0o666)
    with pytest.raises(JournalError, match="users other than you and root can write to it"):
        steer.run(path, Wanted(guests=(), steering=ABORT))


def test_a_rehearsal_is_not_steered(tmp_path: Path) -> None:
    Journal.create(tmp_path / "j", altered(PLAN, rehearsal=True)).close()
    with pytest.raises(UserError, match="the journal of a rehearsal, which ends by itself"):
        steer.run(tmp_path / "j", Wanted(guests=(), steering=ABORT))


def test_a_run_that_is_resumed_changes_what_is_under_way_and_after_an_abort_begins_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Pair(tmp_path)
    pair.here.job = dict(JOB)
    known = {WEB: Past(began=True, began_at=time.time() - 10)}
    steer_first(pair.run, known, Steering(bandwidth=9))
    assert (pair.run.stopping.is_set(), pair.source.called) == (False, ["migrateSetMaxSpeed 9 0"])
    steer_first(pair.run, known, ABORT)
    assert (pair.run.stopping.is_set(), pair.run.aborting.is_set()) == (True, True)
    assert capsys.readouterr().out.splitlines() == ["web: bandwidth of 9 MiB/s: done", "web: abort: done"]
    assert not pair.run.interrupted


def test_the_exit_code_counts_the_guests_that_stayed() -> None:
    stays = (StayingGuest(name="db", uuid=DB, rule="snapshots-present", why="db has 1 snapshot"),)
    assert of_all(PLAN, 0) == 0
    assert [of_all(altered(PLAN, stays=stays), code) for code in (0, 4, 130)] == [NOT_ARRIVED, 4, 130]
