"""`preflight steer` on the record of an evacuation: the changes are made to all its runs that are at work."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from preflight.commands import steer
from preflight.commands.migrate import ARRIVED, NOT_ARRIVED, REFUSED, refused
from preflight.commands.steer import Wanted
from preflight.errors import UserError
from preflight.evacuate import record as records
from preflight.migrate import journal as journals
from preflight.migrate.runs import is_over
from preflight.schema.evacuation import Evacuation


def run(path: Path, wanted: Wanted) -> int:
    """Make the changes, print what became of each, and return the exit code; raises `UserError`."""
    record, _ = records.read_own(path)
    names = {key: guest.uuid for guest in record.guests for key in (guest.uuid, guest.name)}
    for word in wanted.guests:
        if word not in names:
            known = ", ".join(sorted(guest.name for guest in record.guests))
            raise UserError(f"the evacuation has no guest {word!r}; it has: {known}")
    chosen = {names[word] for word in wanted.guests}
    codes = []
    for file, guests in _at_work(path, record):
        some = tuple(uuid for uuid in guests if uuid in chosen)
        if some or not chosen:
            codes.append(steer.run(file, replace(wanted, guests=some)))
    if not codes:
        return refused(f"refused: no migration of this evacuation is under way: see `preflight status {path}`")
    if not chosen and ARRIVED in codes:
        codes = [code for code in codes if code != REFUSED]  # of runs of which nothing is under way
    return codes[0] if len(set(codes)) == 1 else NOT_ARRIVED


def _at_work(path: Path, record: Evacuation) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the journals of the runs that have not come to their end, each with the UUIDs of its guests."""
    for leg in record.runs:
        file = records.journals_of(path) / (leg.journal or "")
        if file.exists():
            _, entries = journals.read(file)
            if not is_over(entries):
                yield file, leg.guests
