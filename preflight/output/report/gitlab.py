"""The report as GitLab's Code Quality JSON: the fields that GitLab documents, each issue with its own fingerprint.

The document is a list of issues, so that only these can say who made the report: in `content`, which is a field of Code
Climate's, of whose format GitLab reads a part and allows the rest.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from preflight.judge.report import Report
from preflight.output.report import provenance
from preflight.output.report.artifacts import Place, digest, filed, place
from preflight.output.report.problems import unknowns
from preflight.output.report.text import counted
from preflight.rule import Severity
from preflight.visible import escaped, one_line

#: An unknown that may hide an error counts as a major issue.
SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
OF_UNKNOWN = "major"


def render(report: Report, _colour: bool) -> str:
    """Return the list of issues, the worst first; GitLab takes no byte order mark."""
    return text(issues(report))


def text(found: Iterable[dict[str, Any]]) -> str:
    """Return the document."""
    return escaped(json.dumps(list(found), indent=2, ensure_ascii=False)) + "\n"


def issues(report: Report) -> Iterator[dict[str, Any]]:
    """Yield the issues of a report, each with its origin."""
    return with_origin(_issues(report), provenance.in_one_line(report))


def with_origin(found: Iterable[dict[str, Any]], origin: str) -> Iterator[dict[str, Any]]:
    """Yield the issues, each with who made the report, and when."""
    return (one | {"content": {"body": f"{origin}."}} for one in found)


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    for one in filed(report):
        yield issue(
            one.finding.message,
            one.rule.name,
            one.fingerprint,
            SEVERITIES[one.severity],
            one.place,
        )
    for unknown in unknowns(report):
        if unknown.is_decisive:
            first = unknown.results[0]
            yield issue(
                f"unknown, which leaves {counted(unknown.results)} open: {unknown.reason}",
                first.rule.name,
                digest("unknown", report.source.name, report.destination.name, first.rule.name, first.subject),
                OF_UNKNOWN,
                place(report, first, None),
            )


def issue(description: str, rule: str, fingerprint: str, severity: str, at: Place) -> dict[str, Any]:
    """Return one issue."""
    return {
        "description": one_line(description),
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": at.path, "lines": {"begin": at.line}},
    }
