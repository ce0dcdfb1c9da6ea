"""An audit as lines of JSON: described by docs/audit-lines.schema.json."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.judge.report import Verdict
from preflight.output.audit import json
from preflight.output.audit.causes import decisive_of, told
from preflight.schema import audit as schema
from preflight.schema.document import line


def render(audited: Audited, _colour: bool) -> str:
    """Return a line for the audit, each cause, the most urgent first, each way, each common CPU, and the verdict."""
    return "".join(map(line, _lines(audited)))


def _lines(audited: Audited) -> Iterator[schema.Line]:
    matrix, verdict = audited.matrix, audited.verdict
    names = [host.name for host in matrix.hosts]
    groups = told(audited)
    yield schema.Head(
        kind="audit",
        format=schema.FORMAT,
        hosts=tuple(map(json.host, matrix.hosts)),
        need="all" if audited.every else "any",
        request=json.request(matrix.asked),
        made=json.made(audited.made),
    )
    met = dict(zip(map(id, matrix.causes), matrix.met_by(), strict=True))
    for one in groups:
        for cause in one.group.causes:
            ways = tuple((names[source], names[destination]) for source, destination in met[id(cause)])
            yield schema.CauseLine(kind="cause", **json.of_cause(cause), ways=ways)
    deciding = decisive_of(audited, groups)
    for source, destination, cell in matrix.ways:
        yield schema.WayLine(
            kind="way",
            source=names[source],
            destination=names[destination],
            verdict=cell.verdict.value,
            allows=cell.allows,
            tried=cell.is_tried,
            rules=tuple(dict.fromkeys(cause.rule.name for _, cause in deciding.causes(cell))),
        )
    for common in audited.baselines.found:
        hosts = tuple(names[number] for number in common.hosts)
        yield schema.CpuLine(kind="cpu", **json.of_cpu(common), hosts=hosts)
    counted = matrix.verdicts()
    yield schema.Ending(
        kind="verdict",
        verdict=verdict.value,
        exit_code=verdict.exit_code,
        ready=counted[Verdict.READY],
        not_ready=counted[Verdict.NOT_READY],
        undetermined=counted[Verdict.UNDETERMINED],
        guests=sum(map(len, matrix.guests)),
        stuck=sum(1 for _ in matrix.stuck()),
    )
