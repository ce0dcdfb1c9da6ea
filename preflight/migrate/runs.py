"""Finds the runs whose journals are in a directory, and how far each has come. Connects to no host."""

import enum
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from preflight.errors import UserError
from preflight.migrate import journal
from preflight.migrate.ledger import of_journal
from preflight.migrate.outcome import Result
from preflight.schema.journal import Entry, Over

#: Most journals that are read, the newest first. A journal may have 128 MiB.
MOST = 500


class Stage(enum.StrEnum):
    """State of a run."""

    #: A process is at work on it.
    RUNNING = "running"
    OVER = "over"
    #: Neither running nor over: it can be resumed.
    CUT_OFF = "cut off"
    #: The file is not a journal, or is damaged.
    DAMAGED = "damaged"


class PastRun(Struct, frozen=True, kw_only=True):
    """One run. `made` is in seconds since the epoch; a damaged journal has only the path and the reason."""

    path: str
    stage: Stage
    made: float | None = None
    source: str | None = None
    destination: str | None = None
    guests: int = 0
    #: Names of guests that have not arrived as requested.
    unfinished: tuple[str, ...] = ()
    why: str | None = None


class Found(Struct, frozen=True):
    """The runs found in a directory; `older` is the number of older journals that were not read."""

    directory: Path
    runs: tuple[PastRun, ...]
    older: int


def runs(directory: Path) -> tuple[tuple[PastRun, ...], int]:
    """Return the runs, newest first, and the number of older journals that were not read; raises `UserError`.

    A directory that does not exist holds none.
    """
    try:
        found = list(_journals(directory))
    except FileNotFoundError:
        found = []
    except OSError as why:
        raise UserError(f"{directory}: {why.strerror}") from None
    newest = [path for _, path in sorted(found, reverse=True)[:MOST]]
    read = sorted(map(_run, newest), key=lambda run: run.made or 0.0, reverse=True)
    return tuple(read), len(found) - len(newest)


def _journals(directory: Path) -> Iterator[tuple[float, Path]]:
    for path in directory.iterdir():
        if path.name.endswith(".journal"):
            yield path.lstat().st_mtime, path


def is_over(entries: Sequence[Entry]) -> bool:
    """Report whether a run came to its end, by the steps of its journal."""
    return bool(entries) and isinstance(entries[-1], Over)


def _run(path: Path) -> PastRun:
    try:
        plan, entries = journal.read(path)
        stage = Stage.OVER if is_over(entries) else Stage.RUNNING if journal.is_held(path) else Stage.CUT_OFF
    except UserError as why:
        said = str(why).removeprefix(f"{path}: ")
        return PastRun(path=str(path), stage=Stage.DAMAGED, why=said)
    left = [row.name for row in of_journal(plan, entries) if row.result is not Result.ARRIVED or row.why]
    return PastRun(
        path=str(path),
        stage=stage,
        made=plan.made,
        source=plan.source,
        destination=plan.destination,
        guests=len(plan.guests),
        unfinished=tuple(left),
    )
