"""The report as SARIF 2.1.0, as GitHub's code scanning takes it.

GitHub refuses a whole file for one result without a place or with a place that has a scheme, shows only the first
place, and knows a result again by one partial fingerprint. It ignores suppressions, so that findings that were waived
are left out. What is unknown is no result: it is a notification, and the run did not complete.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from preflight import __version__
from preflight.judge.report import Made, Report, RuleText
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
        results += (result(one, numbers) for one in islice(found, MOST - len(results)))
        invocations.append(_invocation(report, sum(1 for _ in found)))
    return text(rules.values(), category, invocations, results, reports[0].made)


def text(
    rules: Iterable[RuleText],
    category: str,
    invocations: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    made: Made | None,
) -> str:
    """Return a document of one run."""
    run = {
        "tool": {
            "driver": {
                "name": "preflight",
                "semanticVersion": made.version if made else __version__,
                "rules": [_rule(rule) for rule in rules],
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


def result(one: Filed, numbers: Mapping[str, int]) -> dict[str, Any]:
    """Return a result; `numbers` are those of the rules."""
    finding, rule = one.finding, one.rule
    said = [finding.message]
    if finding.predicted_error:
        said.append(f"libvirt will report: {finding.predicted_error}")
    said.append(f"Fix: {finding.fix or ' '.join(rule.fix.split())}")
    named: dict[str, Any] = {"ruleId": rule.name}
    if rule.name in numbers:
        named["ruleIndex"] = numbers[rule.name]
    return named | {
        "level": _LEVELS[one.severity],
        "message": {"text": "\n".join(map(_unlinked, said))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(one.place.path), "uriBaseId": "%SRCROOT%"},
                    "region": _region(one.place.at),
                },
                "logicalLocations": [{"fullyQualifiedName": one_line(one.about), "kind": "resource"}],
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
        unknown(one.reason, one.resolve, one.results[0].rule.name, is_decisive=one.is_decisive) for one in unclear
    ]
    notifications += omitted(left_out)
    ends = (report.source, report.destination) if report.is_pair else (report.source,)
    words = ["preflight", report.command, *(one_line(host.name) for host in ends)]
    given = provenance.options(report)
    invocation = {
        "executionSuccessful": not any(one.is_decisive for one in unclear),
        "exitCode": report.exit_code,
        "commandLine": " ".join(filter(None, (*words, given))),
        "toolExecutionNotifications": notifications,
        "properties": {
            "verdict": report.verdict.value,
            "answers": provenance.answers(report),
        },
    }
    return invocation | run_by(report.made)


def unknown(reason: str, resolve: str | None, rule: str, *, is_decisive: bool) -> dict[str, Any]:
    """Return the notification of something unknown, with what would make it known."""
    said = [f"unknown: {reason}", *([f"Resolve: {resolve}"] if resolve else [])]
    return {
        "level": "error" if is_decisive else "note",
        "message": {"text": "\n".join(map(_unlinked, said))},
        "associatedRule": {"id": rule},
    }


def omitted(number: int) -> list[dict[str, Any]]:
    """Return the notification of findings that are left out, if there are any."""
    text = f"{number} more {'finding is' if number == 1 else 'findings are'} left out"
    return [{"level": "warning", "message": {"text": text}}] if number else []


def run_by(made: Made | None) -> dict[str, Any]:
    """Return who made a report, where and when, as an invocation has them."""
    if made is None:
        return {}
    return {
        "endTimeUtc": provenance.instant(made.at),
        "machine": one_line(made.machine),
        "account": one_line(made.user),
    }


def _unlinked(text: str) -> str:
    """Return text of a host without the brackets that would make a link of it."""
    return one_line(text).replace("](", "] (")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
