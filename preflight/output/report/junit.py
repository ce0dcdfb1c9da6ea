"""The report as JUnit XML, as strict readers take it: a suite for each subject, a case for each rule.

The schema of Jenkins's xUnit plugin allows a case only a name, a time, a class and a group, so that places and fixes
are in the text. GitLab shows that text, and keeps only one of two cases of the same class and name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from preflight.judge.report import Made, Outcome, Report, Result
from preflight.output.report import provenance
from preflight.output.report.artifacts import directory
from preflight.output.report.problems import resolve, severity
from preflight.request.migration import FailOn, OnUnknown
from preflight.rule import Finding, Severity
from preflight.visible import clean, one_line

#: Characters that XML 1.0 does not allow and that are not control characters either.
_ILLEGAL = re.compile("[\ufffe\uffff]")
_KINDS = ("failure", "error", "skipped")


class Case(NamedTuple):
    """One case."""

    classname: str
    name: str
    #: passed, failure, error or skipped.
    kind: str
    message: str
    text: str
    type: str


class Suite(NamedTuple):
    """One suite. The properties of the first are those of the whole document."""

    name: str
    hostname: str
    cases: Sequence[Case]
    made: Made | None
    properties: Mapping[str, str]


def render(report: Report, _colour: bool) -> str:
    """Return the document."""
    return document([report])


def document(reports: Sequence[Report]) -> str:
    """Return the document on several reports, whose hosts have suites of their own."""
    classes: dict[str, int] = {}
    return text(suite for report in reports for suite in _suites(report, classes))


def text(suites: Iterable[Suite]) -> str:
    """Return the document of these suites."""
    counts = dict.fromkeys((*_KINDS, "tests"), 0)
    lines = [line for number, suite in enumerate(suites) for line in _lines(suite, number, counts)]
    head = _open(
        "testsuites", name="preflight", tests=counts["tests"], failures=counts["failure"], errors=counts["error"]
    )
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', head, *lines, "</testsuites>")) + "\n"


def _suites(report: Report, classes: dict[str, int]) -> Iterator[Suite]:
    subjects: dict[str, list[Result]] = {}
    for result in report.results:
        subjects.setdefault(result.subject, []).append(result)
    for subject, results in subjects.items():
        host = _host(report, subject)
        shown = f"{subject} {host}" if subject in ("source", "destination") else subject
        if not report.is_pair:
            shown = host if subject == "source" else f"{host} {subject}"
        own = class_of(shown, classes)
        cases = [
            Case(
                f"preflight.{directory(result.rule.topic).replace('.', '_')}.{own}",
                result.rule.name,
                *_outcome(report, result),
                _type(result),
            )
            for result in results
        ]
        yield Suite(shown, host, cases, report.made, _properties(report))


def _lines(suite: Suite, number: int, counts: dict[str, int]) -> Iterator[str]:
    """Yield the lines of one suite, and add up its cases in `counts`."""
    kinds = [case.kind for case in suite.cases]
    counts["tests"] += len(kinds)
    for kind in _KINDS:
        counts[kind] += kinds.count(kind)
    attributes: dict[str, object] = {
        "name": suite.name,
        "tests": len(kinds),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
        "id": number,
        "hostname": suite.hostname,
    }
    if suite.made is not None:
        attributes["timestamp"] = provenance.instant(suite.made.at).removesuffix("Z")
    yield f"  {_open('testsuite', **attributes)}"
    if not number:  # once is enough for the whole document
        yield "    <properties>"
        for name, value in suite.properties.items():
            yield f"      <property name={_quoted(f'preflight.{name}')} value={_quoted(value)}/>"
        yield "    </properties>"
    for case in suite.cases:
        kind, said = case.kind, _text(case.text)
        opened = _open("testcase", classname=case.classname, name=case.name)
        if kind == "passed":
            output = f"<system-out>{said}</system-out></testcase>" if said else ""
            yield f"    {opened}{output}" if output else f"    {opened.removesuffix('>')}/>"
        else:
            yield f"    {opened}{_open(kind, message=case.message, type=case.type)}{said}</{kind}></testcase>"
    yield "  </testsuite>"


def _properties(report: Report) -> dict[str, str]:
    ends = {"source": report.source.name, "destination": report.destination.name}
    return {
        "verdict": report.verdict.value,
        **(ends if report.is_pair else {}),
        "made": provenance.made(report),
        "answers": provenance.answers(report),
        "options": provenance.options(report),
    }


def _outcome(report: Report, result: Result) -> tuple[str, str, str]:
    """Return the kind of a case, its message in one line, and its text."""
    lines = [line for finding in result.findings for line in _finding(report, result, finding)]
    if result.reason:
        lines.append(one_line(result.reason))
    if resolved := resolve(result):
        lines.append(f"resolve: {resolved}")
    text = "\n".join(lines)
    if result.outcome is Outcome.FAILED:
        fails = report.gate.fail_on is FailOn.WARNING or result.severity is Severity.ERROR
        if fails and result.severity is not Severity.INFO:
            return "failure", result.findings[0].message, text
        return "passed", "", text
    reason = result.reason or ""
    if result.obscures and report.gate.unknown is OnUnknown.FAIL:
        return "error", reason, text
    if result.outcome is Outcome.PASSED:
        return "passed", "", ""
    return "skipped", f"{result.outcome.value}: {reason}", text


def _finding(report: Report, result: Result, finding: Finding) -> Iterator[str]:
    at = finding.location
    place = "" if finding.host is None else f"{report.host(finding.host).name}: "
    if finding.host is not None and at is not None:
        place = f"{report.at(finding.host, at.path)}:{at.line}:{at.column}: "
    yield one_line(f"{place}{severity(result, finding).value}: {finding.message}")
    if finding.predicted_error:
        yield one_line(f"libvirt: {finding.predicted_error}")
    yield one_line(f"fix: {finding.fix or ' '.join(result.rule.fix.split())}")


def _type(result: Result) -> str:
    return result.severity.value if result.outcome is Outcome.FAILED else result.outcome.value


def _host(report: Report, subject: str) -> str:
    return report.destination.name if subject == "destination" else report.source.name


def class_of(subject: str, classes: dict[str, int]) -> str:
    """Return the subject as the last part of the name of a class, different from all others of the document."""
    name = directory(subject).replace(".", "_")
    classes[name] = number = classes.get(name, 0) + 1
    return name if number == 1 else f"{name}__{number}"


def _open(tag: str, **attributes: object) -> str:
    return f"<{tag}{''.join(f' {name}={_quoted(str(value))}' for name, value in attributes.items())}>"


def _quoted(value: str) -> str:
    return quoteattr(_legal(one_line(value)))


def _text(text: str) -> str:
    return escape(_legal(clean(text)))


def _legal(text: str) -> str:
    return _ILLEGAL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
