"""The evacuations whose records are in a directory."""

from collections.abc import Iterator
from pathlib import Path

from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.evacuate.rows import account, moved_by
from preflight.migrate.runs import MOST, PastRun, Stage
from preflight.schema.evacuation import Evacuation


def evacuations(directory: Path) -> tuple[tuple[PastRun, ...], int]:
    """Return the evacuations, newest first, and the number of older records that were not read; raises `UserError`.

    A directory that does not exist holds none.
    """
    try:
        found = sorted(_records(directory), reverse=True)
    except FileNotFoundError:
        found = []
    except OSError as why:
        raise UserError(f"{directory}: {why.strerror}") from None
    return tuple(_run(path) for _, path in found[:MOST]), len(found[MOST:])


def _records(directory: Path) -> Iterator[tuple[float, Path]]:
    for path in directory.iterdir():
        if path.name.endswith(records.ENDING):
            yield path.lstat().st_mtime, path


def stage_of(path: Path, record: Evacuation) -> Stage:
    """Return the state of an evacuation."""
    return Stage.RUNNING if records.is_held(path) else Stage.OVER if record.over else Stage.CUT_OFF


def _run(path: Path) -> PastRun:
    try:
        record = records.read(path)
        found = account(record, moved_by(path, record))
    except UserError as why:
        return PastRun(path=str(path), stage=Stage.DAMAGED, why=str(why).removeprefix(f"{path}: "))
    return PastRun(
        path=str(path),
        stage=stage_of(path, record),
        made=record.made,
        source=record.source.name,
        destination=", ".join(host.name for host in record.destinations),
        guests=len(record.guests),
        unfinished=tuple(guest.name for guest in found.guests if not guest.is_done),
    )
