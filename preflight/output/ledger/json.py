"""The outcome of a run for each guest, as JSON."""

from typing import Any

from preflight.migrate.ledger import Row
from preflight.output.ledger.text import Told, is_as_asked
from preflight.schema import document, status


def render(ledger: Told, _colour: bool) -> str:
    """Return the ledger as JSON: a public contract, described by docs/status.schema.json."""
    return document.text(
        status.Status(
            kind="status",
            format=status.FORMAT,
            made=ledger.plan.made,
            source=ledger.plan.source,
            destination=ledger.plan.destination,
            rehearsal=ledger.plan.rehearsal,
            arrived=all(map(is_as_asked, ledger.rows)),
            guests=tuple(_guest(row) for row in ledger.rows),
            stays=tuple(status.Staying(name=one.name, rule=one.rule, why=one.why) for one in ledger.plan.stays),
        )
    )


def _guest(row: Row) -> status.Guest:
    return status.Guest(**fields(row))


def fields(row: Row) -> dict[str, Any]:
    """Return the fields of a guest's row as contracts have them."""
    return {
        "name": row.name,
        "uuid": row.uuid,
        "result": row.result and row.result.value,
        "source": row.source and row.source.value,
        "destination": row.destination and row.destination.value,
        "persistent": row.persistent,
        "error": row.error,
        "why": row.why,
        "rule": row.rule,
        "seconds": row.seconds,
        "downtime": row.downtime,
        "began": row.began,
        "kept": row.kept,
    }
