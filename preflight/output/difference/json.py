"""The difference between two snapshots, pairs or reports, as JSON."""

from preflight.fleet.difference import ChangedVerdict, Difference, Side
from preflight.output.report.provenance import instant
from preflight.schema import difference as schema
from preflight.schema.document import text


def render(found: Difference, _colour: bool) -> str:
    """Return the difference as JSON: a public contract, described by docs/difference.schema.json."""
    return text(
        schema.Difference(
            kind="difference",
            format=schema.FORMAT,
            what=found.what,
            old=_side(found.old),
            new=_side(found.new),
            changes=tuple(
                schema.Change(
                    host=one.host,
                    guest=one.guest,
                    kind=one.kind.value,
                    text=one.text,
                    path=one.path,
                    line=one.line,
                    records=tuple(sorted(one.records)),
                )
                for one in found.changes
            ),
            results=tuple(
                schema.ChangedResult(
                    rule=one.rule,
                    subject=one.subject,
                    severity=one.severity,
                    before=one.before,
                    after=one.after,
                    effect=one.effect.value,
                    text=one.text,
                    because=one.because,
                )
                for one in found.results
            ),
            verdict=found.verdict and _verdict(found.verdict),
            guests=tuple(schema.GuestVerdict(guest=one.guest or "", **_states(one)) for one in found.guests),
            worse=found.is_worse,
            exit_code=found.exit_code,
        )
    )


def _side(side: Side) -> schema.Side:
    return schema.Side(
        path=side.path, hosts=side.hosts, taken=None if side.taken is None else instant(side.taken), by=side.by
    )


def _verdict(one: ChangedVerdict) -> schema.ChangedVerdict:
    return schema.ChangedVerdict(**_states(one))


def _states(one: ChangedVerdict) -> dict[str, str]:
    return {"before": one.before.value, "after": one.after.value}
