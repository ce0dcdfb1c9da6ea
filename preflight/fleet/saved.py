"""Makes a difference of the document that `diff --format json` wrote, so that it can be shown in any format."""

from preflight.fleet.difference import Change, ChangedResult, ChangedVerdict, Difference, Effect, Kind, Side
from preflight.judge.report import Verdict
from preflight.schema import difference as schema
from preflight.schema.report import instant_of


def difference_of(document: schema.Difference) -> Difference:
    """Return the difference of a document; raises `UserError` for a time that does not exist."""
    return Difference(
        old=_side(document.old),
        new=_side(document.new),
        what=document.what,
        changes=tuple(
            Change(one.host, Kind(one.kind), one.text, one.guest, one.path, one.line, frozenset(one.records))
            for one in document.changes
        ),
        verdict=None if document.verdict is None else _verdict(None, document.verdict),
        guests=tuple(_verdict(one.guest, one) for one in document.guests),
        results=tuple(
            ChangedResult(
                rule=one.rule,
                subject=one.subject,
                severity=one.severity,
                before=one.before,
                after=one.after,
                effect=Effect(one.effect),
                text=one.text,
                because=one.because,
            )
            for one in document.results
        ),
    )


def _side(side: schema.Side) -> Side:
    return Side(side.path, side.hosts, None if side.taken is None else instant_of(side.taken), side.by)


def _verdict(guest: str | None, one: schema.ChangedVerdict) -> ChangedVerdict:
    return ChangedVerdict(guest, Verdict(one.before), Verdict(one.after))
