"""The account of an evacuation: each guest that was to leave, where it is as far as is known, and why it stays."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from preflight.evacuate.record import journals_of
from preflight.migrate import journal
from preflight.migrate.ledger import Row, of_journal
from preflight.migrate.outcome import Result
from preflight.migrate.runs import Stage
from preflight.schema.evacuation import Evacuation


class Moved(Struct, frozen=True):
    """A guest by the last run that was to move it: the hosts of that run, and how it ended."""

    source: str
    destination: str
    row: Row

    @property
    def has_arrived(self) -> bool:
        """True if the guest is on the destination, even if not as requested."""
        return self.row.result is Result.ARRIVED

    @property
    def is_settled(self) -> bool:
        """True if the guest is on either host as it was.

        A guest that was never begun is where it was, even if the destination has not answered since.
        """
        stayed = not self.row.began and self.row.source is not None and self.row.source.active
        return stayed or self.row.result in (Result.ARRIVED, Result.STAYED, None)


class Accounted(Struct, frozen=True, kw_only=True):
    """One guest; `moved` is None if no run was to move it."""

    name: str
    uuid: str
    moved: Moved | None = None
    #: Why it stays, by the last plan; empty if it was to go.
    why: str = ""
    #: It is where it was to go; and as requested, too.
    is_there: bool = False
    is_done: bool = False


class Account(Struct, frozen=True):
    """All guests of an evacuation."""

    record: Evacuation
    guests: tuple[Accounted, ...]
    #: The state of the evacuation; None if it is that of this process.
    stage: Stage | None = None

    @property
    def is_done(self) -> bool:
        """True if every guest is where it was to go, as requested."""
        return all(guest.is_done for guest in self.guests)


def account(record: Evacuation, moved: Mapping[str, Moved]) -> Account:
    """Return the account, with the last run of each guest by UUID."""
    staying = {} if record.home else {one.guest: one.why for one in record.staying}
    return Account(
        record,
        tuple(
            Accounted(
                name=guest.name,
                uuid=guest.uuid,
                moved=moved.get(guest.uuid),
                why=staying.get(guest.uuid, ""),
                is_there=(there := _is_there(record, moved.get(guest.uuid))),
                is_done=there and _is_as_requested(moved.get(guest.uuid)),
            )
            for guest in record.guests
        ),
    )


def _is_there(record: Evacuation, moved: Moved | None) -> bool:
    home = record.source.name
    if moved is None:
        return record.home  # it has never left
    place = moved.destination if moved.has_arrived else moved.source
    return moved.is_settled and (place == home) is record.home


def _is_as_requested(moved: Moved | None) -> bool:
    return moved is None or not (moved.has_arrived and moved.row.why)


def moved_by(path: Path, record: Evacuation) -> dict[str, Moved]:
    """Return the last run of each guest by the journals of the runs, by UUID.

    Raises `JournalError` for a journal that cannot be read. A run that has none was cut off before it began.
    """
    found: dict[str, Moved] = {}
    for leg in record.runs:
        file = journals_of(path) / (leg.journal or "")
        if file.exists():
            rows = of_journal(*journal.read(file))
            found |= {row.uuid: Moved(leg.source, leg.destination, row) for row in rows}
    return found
