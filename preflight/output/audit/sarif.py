"""An audit as SARIF 2.1.0: a result for each cause, at its place, with the ways that it is about."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from preflight.fleet.audited import Audited
from preflight.output.audit.artifacts import filed
from preflight.output.audit.causes import told
from preflight.output.audit.origin import options, origin
from preflight.output.report.sarif import MOST, omitted, result, run_by, text, unknown
from preflight.visible import one_line


def render(audited: Audited, _colour: bool) -> str:
    """Return the document."""
    rules = audited.matrix.rules
    numbers = {rule.name: number for number, rule in enumerate(rules)}
    found = filed(audited)
    results = [result(one, numbers) for one in islice(found, MOST)]
    return text(rules, "preflight/audit/", [_invocation(audited, sum(1 for _ in found))], results, audited.made)


def _invocation(audited: Audited, left_out: int) -> dict[str, Any]:
    groups = [one for one in told(audited) if one.kind == "unknown"]
    notifications = [
        unknown(one.summary, one.resolve, one.group.rule.name, is_decisive=one.is_decisive) for one in groups
    ] + omitted(left_out)
    return {
        "executionSuccessful": not any(one.is_decisive for one in groups),
        "exitCode": audited.verdict.exit_code,
        "commandLine": " ".join(("preflight", "audit", *map(one_line, _hosts(audited)), *options(audited))),
        "toolExecutionNotifications": notifications,
        "properties": {"verdict": audited.verdict.value, "answers": dict(origin(audited))["answers"]},
    } | run_by(audited.made)


def _hosts(audited: Audited) -> Iterator[str]:
    """Yield the hosts as words of a command line."""
    matrix = audited.matrix
    sources = [number for number, row in enumerate(matrix.cells) if row]
    destinations = sorted({destination for _, destination, _ in matrix.ways})
    yield from (matrix.hosts[number].name for number in sources)
    if destinations != sources:
        yield "--to"
        yield ",".join(matrix.hosts[number].name for number in destinations)
