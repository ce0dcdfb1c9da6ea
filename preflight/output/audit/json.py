"""An audit as JSON."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Matrix
from preflight.judge.report import Verdict
from preflight.output.report.json import excerpt_of, host
from preflight.schema import audit as schema
from preflight.schema.document import text


def render(audited: Audited, _colour: bool) -> str:
    """Return the audit as JSON: a public contract, described by docs/audit.schema.json."""
    matrix = audited.matrix
    return text(
        schema.Audit(
            kind="audit",
            format=schema.FORMAT,
            hosts=tuple(map(host, matrix.hosts)),
            guests=tuple(_guests(matrix)),
            sources=tuple(_sources(matrix)),
            causes=tuple(_causes(matrix)),
            takes_nobody=tuple(number for number, best in matrix.unreachable() if best is Verdict.NOT_READY),
            odd=tuple(schema.Odd(host=one.host, text=one.text) for one in audited.odd),
            need="all" if audited.every else "any",
            verdict=audited.verdict.value,
            exit_code=audited.verdict.exit_code,
        )
    )


def _guests(matrix: Matrix) -> Iterator[schema.Guest]:
    for source, names in enumerate(matrix.guests):
        for number, name in enumerate(names):
            verdicts = {destination: cell.guests[number] for destination, cell in matrix.cells[source].items()}
            yield schema.Guest(
                host=source,
                name=name,
                ready=tuple(one for one, verdict in verdicts.items() if verdict is Verdict.READY),
                undetermined=tuple(one for one, verdict in verdicts.items() if verdict is Verdict.UNDETERMINED),
            )


def _sources(matrix: Matrix) -> Iterator[schema.Source]:
    for source, row in enumerate(matrix.cells):
        if row:
            ways = (
                schema.Destination(host=destination, verdict=cell.verdict.value, allows=cell.allows)
                for destination, cell in row.items()
            )
            yield schema.Source(host=source, ways=tuple(ways))


def _causes(matrix: Matrix) -> Iterator[schema.Cause]:
    for cause, ways in zip(matrix.causes, matrix.met_by(), strict=True):
        yield schema.Cause(
            rule=cause.rule.name,
            outcome=cause.outcome.value,
            severity=cause.severity.value,
            host=cause.host,
            guest=cause.guest,
            message=cause.text,
            location=cause.location and excerpt_of(cause.location),
            predicted_error=cause.predicted_error,
            fix=cause.fix,
            ways=tuple(ways),
        )
