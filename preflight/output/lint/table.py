"""The report on single hosts as one table of all results, a row for each finding."""

from preflight.judge.lint import Linted
from preflight.output.lint.text import origin, unjudged, verdicts
from preflight.output.report.problems import in_order
from preflight.output.report.table import ORDER, rows_of
from preflight.output.terminal import columns, labelled, width, wrapped


def render(linted: Linted, _colour: bool) -> str:
    """Return a table of results, the origin and the verdicts."""
    rows = [
        (result.outcome, result.severity, row)
        for host in linted.hosts
        for result in in_order(host.results)
        for row in rows_of(result, f"{host.source.name} {result.subject}" if result.guest else host.source.name)
    ]
    rows.sort(key=lambda row: (ORDER.index(row[0]), -row[1].rank))
    wide = width()
    heads = ("outcome", "severity", "rule", "about", "finding or reason")
    parts = [
        *columns([heads, *(row for *_, row in rows)], width=wide),
        "",
        *(part for line in unjudged(linted) for part in wrapped(line, width=wide)),
        *(part for label, said in origin(linted) for part in labelled(label, said, width=wide, indent=0)),
        "",
        *verdicts(linted, wide, colour=False),
    ]
    return "\n".join(parts) + "\n"
