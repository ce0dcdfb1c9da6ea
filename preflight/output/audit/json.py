"""An audit as JSON."""

from collections.abc import Iterator
from typing import Any

from preflight.fleet.audited import Audited
from preflight.fleet.baseline import Baseline
from preflight.fleet.matrix import Cause, Matrix
from preflight.judge.report import HostSummary, Made, Outcome, Verdict
from preflight.output.remedies import remedy
from preflight.output.report.json import change_of, excerpt_of, of_rule, of_site, packs
from preflight.output.report.json import host as of_host
from preflight.output.report.provenance import instant
from preflight.request.check_request import Asked
from preflight.schema import audit as schema
from preflight.schema.document import text
from preflight.visible import unnamed


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
            cpus=tuple(schema.Cpu(**of_cpu(one), hosts=one.hosts) for one in audited.baselines.found),
            without_cpu=tuple(
                schema.WithoutCpu(host=one.host, reason=one.reason) for one in audited.baselines.left_out
            ),
            freed=tuple(
                schema.Freed(host=one.host, guest=one.guest, destinations=one.destinations)
                for one in audited.baselines.freed
            ),
            need="all" if audited.every else "any",
            verdict=audited.verdict.value,
            exit_code=audited.verdict.exit_code,
            rules=tuple(map(of_rule, matrix.rules)),
            request=request(matrix.asked),
            made=made(audited.made),
        )
    )


def host(one: HostSummary) -> schema.Host:
    """Return a host as documents have it."""
    return schema.Host(
        **dict(of_host(one)),
        taken=None if one.taken is None else instant(one.taken),
        migration_address=one.migration_address,
    )


def request(asked: Asked) -> schema.Request:
    """Return the options as documents have them."""
    return schema.Request(
        offline=asked.offline,
        as_they_are=asked.as_they_are,
        concurrency=asked.concurrency,
        transport=None if asked.transport is None else asked.transport.value,
        options=asked.method.typed,
        select=asked.select,
        ignore=asked.ignore,
        **of_site(asked.site),
    )


def made(by: Made | None) -> schema.Made | None:
    """Return who made the audit and when, as documents have it."""
    if by is None:
        return None
    return schema.Made(made=instant(by.at), machine=by.machine, user=by.user, version=by.version, packs=packs(by.packs))


def of_cause(cause: Cause) -> dict[str, Any]:
    """Return the fields of a cause, as documents and lines have them."""
    return {
        "rule": cause.rule.name,
        "outcome": cause.outcome.value,
        "severity": cause.severity.value,
        "host": cause.host,
        "guest": cause.guest,
        "message": cause.text,
        "location": cause.location and excerpt_of(cause.location),
        "predicted_error": cause.predicted_error,
        "fix": cause.fix,
        "resolve": remedy(unnamed(cause.text, cause.guest)) if cause.outcome is Outcome.UNKNOWN else None,
    }


def of_cpu(one: Baseline) -> dict[str, Any]:
    """Return the fields of a CPU that hosts have in common, as documents and lines have them."""
    return {
        "arch": one.kind.arch,
        "type": one.kind.virt_type,
        "vendor": one.kind.vendor or None,
        "model": one.model,
        "require": one.required,
        "disable": one.disabled,
        "xml": one.xml,
    }


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
                schema.Destination(
                    host=destination,
                    verdict=cell.verdict.value,
                    allows=cell.allows,
                    limited_by=cell.limited_by and schema.Limit(name=cell.limited_by[0], host=cell.limited_by[1]),
                    tried=cell.is_tried,
                )
                for destination, cell in row.items()
            )
            yield schema.Source(host=source, ways=tuple(ways))


def _causes(matrix: Matrix) -> Iterator[schema.Cause]:
    for cause, ways in zip(matrix.causes, matrix.met_by(), strict=True):
        change = None if cause.change is None else change_of(cause.change)
        yield schema.Cause(**of_cause(cause), change=change, ways=tuple(ways))
