"""`preflight status`: the journals of one run or of all. It contacts no host, so it reads anybody's journal."""

from pathlib import Path

from preflight.migrate import journal, ledger
from preflight.migrate.ledger import Ledger
from preflight.migrate.runs import Found, runs


def of_run(path: Path) -> Ledger:
    """Return what a journal says about each guest; raises `UserError`."""
    planned, entries = journal.read(path)
    return Ledger(planned, ledger.of_journal(planned, entries))


def of_all() -> Found:
    """Return the runs whose journals are in the default directory, the newest first; raises `UserError`."""
    directory = journal.default_directory()
    found, older = runs(directory)
    return Found(directory, found, older)
