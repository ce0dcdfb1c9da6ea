"""`preflight status`: the journals of one run or of all. It contacts no host, so it reads anybody's journal."""

from pathlib import Path

from msgspec.structs import replace

from preflight.commands.next_command import to_resume
from preflight.evacuate import record as records
from preflight.evacuate.rows import Account, account, moved_by
from preflight.evacuate.runs import evacuations, stage_of
from preflight.migrate import journal, ledger
from preflight.migrate.ledger import Ledger
from preflight.migrate.outcome import Result
from preflight.migrate.runs import Found, Stage, runs
from preflight.output.ledger.text import is_taken_back

#: Runs in the list of all runs for which the command is printed that resumes them.
_RESUMED = 5


def subject_of(path: Path) -> str:
    """Return what a file is about, as the formats name it: a ledger, or an evacuation."""
    return "evacuation" if records.is_record(path) else "ledger"


def of_run(path: Path) -> Ledger:
    """Return what a journal says about each guest; raises `UserError`."""
    planned, entries = journal.read(path)
    return Ledger(planned, ledger.of_journal(planned, entries))


def of_evacuation(path: Path) -> Account:
    """Return what the record of an evacuation and the journals of its runs say about each guest; raises `UserError`."""
    record = records.read(path)
    return replace(account(record, moved_by(path, record)), stage=stage_of(path, record))


def of_file(path: Path) -> Account | Ledger:
    """Return what a record or a journal says about each guest; raises `UserError`."""
    return of_evacuation(path) if records.is_record(path) else of_run(path)


def resumes(found: Found) -> list[str]:
    """Return how to resume each of the newest runs that were cut off; raises `UserError`."""
    cut_off = [Path(run.path) for run in found.runs if run.stage is Stage.CUT_OFF]
    return list(filter(None, (resume(path, of_file(path)) for path in cut_off[:_RESUMED])))


def resume(path: Path, found: Account | Ledger) -> str | None:
    """Return how to resume what a file is about; raises `UserError`.

    None if a process is at work on it, if nothing is left to do, or if it is a plan that was not begun.
    """
    if isinstance(found, Account):
        is_open = found.record.runs and not found.is_done and found.stage is not Stage.RUNNING
        return to_resume("evacuate", path) if is_open else None
    if journal.is_held(path):
        return None
    if found.plan.rehearsal:
        return None if all(map(is_taken_back, found.rows)) else to_resume("rehearse", path)
    have_arrived = all(row.result is Result.ARRIVED for row in found.rows)
    return None if have_arrived else to_resume("migrate", path)


def of_all() -> Found:
    """Return the runs whose journals are in the default directory, the newest first; raises `UserError`."""
    directory = journal.default_directory()
    (some, older), (others, older_others) = runs(directory), evacuations(directory)
    newest = sorted((*some, *others), key=lambda run: run.made or 0.0, reverse=True)
    return Found(directory, tuple(newest), older + older_others)
