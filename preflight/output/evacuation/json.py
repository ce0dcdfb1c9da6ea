"""The outcome of an evacuation for each guest, as JSON."""

from preflight.evacuate.rows import Account, Accounted, Moved
from preflight.output.ledger.json import fields
from preflight.schema import document, evacuated


def render(found: Account, _colour: bool) -> str:
    """Return the account as JSON: a public contract, described by docs/evacuated.schema.json."""
    record = found.record
    return document.text(
        evacuated.Evacuated(
            kind="evacuation",
            format=evacuated.FORMAT,
            made=record.made,
            stage=found.stage,
            source=record.source.name,
            destinations=tuple(host.name for host in record.destinations),
            home=record.home,
            done=found.is_done,
            guests=tuple(map(_guest, found.guests)),
            closed=tuple(
                evacuated.Closed(guest=one.guest, destination=one.destination, why=one.why) for one in record.closed
            ),
        )
    )


def _guest(guest: Accounted) -> evacuated.Leaving:
    return evacuated.Leaving(
        name=guest.name,
        uuid=guest.uuid,
        done=guest.is_done,
        stays_because=guest.why,
        moved=None if guest.moved is None else _moved(guest.moved),
    )


def _moved(moved: Moved) -> evacuated.Moved:
    return evacuated.Moved(**fields(moved.row), from_host=moved.source, to_host=moved.destination)
