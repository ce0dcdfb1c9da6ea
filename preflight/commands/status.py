"""`preflight status`: the journals of one run or of all. It contacts no host, so it reads anybody's journal."""

from pathlib import Path

from msgspec.structs import replace

from preflight.evacuate import record as records
from preflight.evacuate.rows import Account, account, moved_by
from preflight.evacuate.runs import evacuations, stage_of
from preflight.migrate import journal, ledger
from preflight.migrate.ledger import Ledger
from preflight.migrate.runs import Found, runs


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


def of_all() -> Found:
    """Return the runs whose journals are in the default directory, the newest first; raises `UserError`."""
    directory = journal.default_directory()
    (some, older), (others, older_others) = runs(directory), evacuations(directory)
    newest = sorted((*some, *others), key=lambda run: run.made or 0.0, reverse=True)
    return Found(directory, tuple(newest), older + older_others)
