"""The report as SARIF 2.1.0, as GitHub's code scanning takes it.

GitHub refuses a whole file for one result without a place or with a place that has a scheme, shows only the first
place, and knows a result again by one partial fingerprint. It ignores suppressions, so that findings that were waived
are left out. What is unknown is no result: it is a notification, and the run did not complete.
"""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from preflight import __version__
from preflight.judge.report import Report, RuleText
from preflight.output.report import provenance
from preflight.output.report.artifacts import Filed, directory, filed
from preflight.output.report.problems import unknowns
from preflight.rule import Location, Severity
from preflight.visible import escaped, one_line

#: The schema that the document keeps to.
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
#: Results that GitHub takes; it refuses a file that has more.
MOST = 25_000
#: Characters of a text of a rule that GitHub takes.
_LONGEST = 1024
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}


def render(report: Report, _colour: bool) -> str:
    """Return the document."""
    return document([report], f"preflight/{directory(report.source.name)}/{directory(report.destination.name)}/")


def document(reports: Sequence[Report], category: str) -> str:
    """Return the document, with one run of all reports: GitHub takes 20 runs, and one of a category."""
    rules = {rule.name: rule for report in reports for rule in report.rules}
    numbers = {name: number for number, name in enumerate(rules)}
    results: list[dict[str, Any]] = []
    invocations: list[dict[str, Any]] = []
    for report in reports:
        found = filed(report)
        results += (_result(report, one, numbers) for one in islice(found, MOST - len(results)))
        invocations.append(_invocation(report, sum(1 for _ in found)))
    made = reports[0].made
    run = {
        "tool": {
            "driver": {
                "name": "preflight",
                "semanticVersion": made.version if made else __version__,
                "rules": [_rule(rule) for rule in rules.values()],
            }
        },
        "automationDetails": {"id": category},
        "invocations": invocations,
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "results": results,
    }
    whole = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return escaped(json.dumps(whole, indent=2, ensure_ascii=False)) + "\n"


def _rule(rule: RuleText) -> dict[str, Any]:
    why, fix = (" ".join(text.split()) for text in (rule.why, rule.fix))
    return {
        "id": rule.name,
        "name": rule.name,
        "shortDescription": {"text": _short(rule.title)},
        "fullDescription": {"text": _short(why or rule.title)},
        "help": {"text": f"{why}\n\nHow to fix: {fix}\n\n`preflight explain {rule.name}` shows this text."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": [rule.topic],
            "precision": "high",
            "problem.severity": _PROBLEMS[rule.severity],
        },
    }


def _result(report: Report, one: Filed, numbers: dict[str, int]) -> dict[str, Any]:
    finding, rule = one.finding, one.result.rule
    subject = one.result.subject if one.result.guest else None
    said = [finding.message]
    if finding.predicted_error:
        said.append(f"libvirt will report: {finding.predicted_error}")
    said.append(f"Fix: {finding.fix or ' '.join(rule.fix.split())}")
    host = report.source.name if finding.host is None else report.host(finding.host).name
    result: dict[str, Any] = {"ruleId": rule.name}
    if rule.name in numbers:
        result["ruleIndex"] = numbers[rule.name]
    return result | {
        "level": _LEVELS[one.severity],
        "message": {"text": "\n".join(map(_unlinked, said))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(one.place.path), "uriBaseId": "%SRCROOT%"},
                    "region": _region(one.place.at),
                },
                "logicalLocations": [
                    {"fullyQualifiedName": one_line(f"{host} {subject}" if subject else host), "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{one.fingerprint}:1"},
    }


def _region(at: Location | None) -> dict[str, int]:
    if at is None:
        return {"startLine": 1}
    return {"startLine": at.line, "startColumn": at.column, "endLine": at.line, "endColumn": at.end_column}


def _invocation(report: Report, left_out: int) -> dict[str, Any]:
    unclear = unknowns(report)
    notifications = [
        {
            "level": "error" if one.is_decisive else "note",
            "message": {"text": _unlinked(f"unknown: {one.reason}")},
            "associatedRule": {"id": one.results[0].rule.name},
        }
        for one in unclear
    ]
    if left_out:
        notifications.append({"level": "warning", "message": {"text": f"{left_out} more findings are left out"}})
    ends = (report.source, report.destination) if report.is_pair else (report.source,)
    words = ["preflight", report.command, *(one_line(host.name) for host in ends)]
    given = provenance.options(report)
    invocation: dict[str, Any] = {
        "executionSuccessful": not any(one.is_decisive for one in unclear),
        "exitCode": report.exit_code,
        "commandLine": " ".join(filter(None, (*words, given))),
        "toolExecutionNotifications": notifications,
        "properties": {
            "verdict": report.verdict.value,
            "answers": provenance.answers(report),
        },
    }
    if (made := report.made) is not None:
        invocation |= {
            "endTimeUtc": provenance.instant(made.at),
            "machine": one_line(made.machine),
            "account": one_line(made.user),
        }
    return invocation


def _unlinked(text: str) -> str:
    """Return text of a host without the brackets that would make a link of it."""
    return one_line(text).replace("](", "] (")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
