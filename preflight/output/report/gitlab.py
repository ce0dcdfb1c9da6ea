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
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
_OF_UNKNOWN = "major"


def render(report: Report, _colour: bool) -> str:
    """Return the list of issues, the worst first; GitLab takes no byte order mark."""
    return text(issues(report))


def text(found: Iterable[dict[str, Any]]) -> str:
    """Return the document."""
    return escaped(json.dumps(list(found), indent=2, ensure_ascii=False)) + "\n"


def issues(report: Report) -> Iterator[dict[str, Any]]:
    """Yield the issues of a report, each with its origin."""
    origin = {"content": {"body": f"{provenance.in_one_line(report)}."}}
    return (issue | origin for issue in _issues(report))


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    for one in filed(report):
        yield _issue(
            one.finding.message,
            one.result.rule.name,
            one.fingerprint,
            _SEVERITIES[one.severity],
            one.place,
        )
    for unknown in unknowns(report):
        if unknown.is_decisive:
            first = unknown.results[0]
            yield _issue(
                f"unknown, which leaves {counted(unknown.results)} open: {unknown.reason}",
                first.rule.name,
                digest("unknown", report.source.name, report.destination.name, first.rule.name, first.subject),
                _OF_UNKNOWN,
                place(report, first, None),
            )


def _issue(description: str, rule: str, fingerprint: str, severity: str, at: Place) -> dict[str, Any]:
    return {
        "description": one_line(description),
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": at.path, "lines": {"begin": at.line}},
    }
