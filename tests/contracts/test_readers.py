"""Each format for machines is valid by its strictest reader, for every golden report, that of a rehearsal too."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker
from lxml import etree
from msgspec.structs import replace

from preflight.judge.report import Outcome, Report, Verdict
from preflight.output.formats import render
from preflight.request.migration import Transport
from preflight.schema.report_lines import LINE
from tests.case import Case
from tests.golden.audits import AUDITS, audit
from tests.golden.rehearsals import NAME as REHEARSED
from tests.golden.rehearsals import rehearsal
from tests.golden.reports import REPORTS
from tests.golden.reports import report as of_check

READERS = Path(__file__).parent / "readers"
DOCS = Path(__file__).parents[2] / "docs"
SARIF = Draft4Validator(
    json.loads((READERS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")), format_checker=FormatChecker()
)
LINES = Draft202012Validator(json.loads((DOCS / "report-lines.schema.json").read_text(encoding="utf-8")))
JUNIT = etree.XMLSchema(etree.parse(str(READERS / "junit-10.xsd")))
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None and not os.environ.get("CI"), reason="promtool (Debian: prometheus) is not installed"
)
each_report = pytest.mark.parametrize("name", [*REPORTS, REHEARSED])
each_text = pytest.mark.parametrize("name", [*REPORTS, REHEARSED, *AUDITS])


def report(name: str) -> Report:
    """Return a golden report, of a check or of a rehearsal."""
    return rehearsal() if name == REHEARSED else of_check(name)


def text_of(form: str, name: str) -> str:
    """Return a golden report or audit in a format."""
    if name in AUDITS:
        return render("audit", form, audit(name))
    return rendered(form, report(name))


def rendered(form: str, made: Report) -> str:
    return render("report" if made.command == "check" else "rehearsal", form, made)


def undetermined() -> Report:
    """The recorded hosts were not asked about TLS."""
    made = Case().asking(transport=Transport.TLS).report()
    assert made.verdict is Verdict.UNDETERMINED
    return made


# SARIF


def results(document: Any) -> list[Any]:
    (run,) = document["runs"]
    found: list[Any] = run["results"]
    return found


def sarif(made: Report) -> Any:
    return json.loads(rendered("sarif", made))


@each_text
def test_sarif_keeps_to_the_schema_of_oasis(name: str) -> None:
    document = json.loads(text_of("sarif", name))
    assert [error.message for error in SARIF.iter_errors(document)] == []
    document["runs"][0]["results"].append({"message": {}})
    assert list(SARIF.iter_errors(document))


@each_text
def test_each_result_of_sarif_has_a_place_without_a_scheme(name: str) -> None:
    for result in results(json.loads(text_of("sarif", name))):
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        uri = physical["artifactLocation"]["uri"]
        assert urlsplit(uri).scheme == urlsplit(uri).netloc == ""
        assert ":" not in uri.partition("/")[0]
        assert uri.startswith("hosts/")
        assert ".." not in unquote(uri).split("/")
        assert re.fullmatch(r"[A-Za-z0-9/._~%-]+", uri)
        region = physical["region"]
        assert region["startLine"] >= 1
        if "startColumn" in region:
            assert region["endColumn"] >= region["startColumn"] >= 1


@each_text
def test_each_result_of_sarif_is_of_a_rule_that_is_described(name: str) -> None:
    document = json.loads(text_of("sarif", name))
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    for result in results(document):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024


@each_report
def test_sarif_has_each_finding_once_under_a_fingerprint_of_its_own(name: str) -> None:
    made = report(name)
    prints = [one["partialFingerprints"]["primaryLocationLineHash"] for one in results(sarif(made))]
    assert (
        len(prints)
        == len(set(prints))
        == sum(len(one.findings) for one in made.results if one.outcome is Outcome.FAILED)
    )


def test_a_fingerprint_stays_where_the_line_moves_and_differs_for_another_host() -> None:
    def of(case: Case) -> set[str]:
        found = results(sarif(case.asking(select=("announced-name-unresolvable",)).report()))
        return {one["partialFingerprints"]["primaryLocationLineHash"] for one in found}

    first = of(Case("hosts-line-gone/host1", "hosts-line-gone/host2"))
    moved = of(
        Case("hosts-line-gone/host1", "hosts-line-gone/host2").source("etc.hosts", lambda text: f"# new\n{text}")
    )
    assert len(first) == 1
    assert moved == first
    other = Case("hosts-line-gone/host1", "hosts-line-gone/host2")
    other.hosts[0] = other.hosts[0]._replace(name="elsewhere.example.com")
    assert of(other).isdisjoint(first)


def test_an_undetermined_run_of_sarif_has_not_completed() -> None:
    run = sarif(undetermined())["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert any(one["level"] == "error" for one in run["invocations"][0]["toolExecutionNotifications"])
    assert sarif(report("sound"))["runs"][0]["invocations"][0]["executionSuccessful"] is True


# JUnit


@each_text
def test_junit_keeps_to_the_schema_of_jenkins(name: str) -> None:
    tree = etree.fromstring(text_of("junit", name).encode())
    JUNIT.assertValid(tree)
    tree[0].set("file", "no such attribute of a case")
    tree[0].find("testcase").set("file", "x")
    assert not JUNIT.validate(tree)


@each_report
def test_no_two_cases_of_junit_have_one_name(name: str) -> None:
    cases = etree.fromstring(rendered("junit", report(name)).encode()).findall(".//testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(names) == len(set(names)) == len(report(name).results)


@each_text
def test_the_counts_of_junit_are_those_of_its_cases(name: str) -> None:
    tree = etree.fromstring(text_of("junit", name).encode())
    for kind, attribute in (("failure", "failures"), ("error", "errors")):
        assert int(tree.get(attribute)) == len(tree.findall(f".//{kind}"))
        for suite in tree:
            assert int(suite.get(attribute)) == len(suite.findall(f".//{kind}"))
    assert sum(int(suite.get("skipped")) for suite in tree) == len(tree.findall(".//skipped"))
    assert int(tree.get("tests")) == len(tree.findall(".//testcase"))


# GitLab

_SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


@each_text
def test_gitlab_has_the_documented_fields_and_unique_fingerprints(name: str) -> None:
    issues = json.loads(text_of("gitlab", name))
    for issue in issues:
        # `content` is Code Climate's: GitLab's schema of an issue allows fields that it does not read
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location", "content"}
        assert issue["content"].keys() == {"body"}
        assert issue["severity"] in _SEVERITIES
        assert set(issue["location"]) == {"path", "lines"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert ".." not in issue["location"]["path"].split("/")
    prints = [issue["fingerprint"] for issue in issues]
    assert len(prints) == len(set(prints))
    assert bool(issues) is (name != "sound")


# Prometheus


@needs_promtool
@each_text
def test_promtool_has_nothing_to_say_about_the_gauges(name: str) -> None:
    assert PROMTOOL is not None, "CI installs promtool: tools/system-packages lab"
    text = text_of("prometheus", name)
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_promtool
def test_promtool_refuses_what_is_not_escaped() -> None:
    assert PROMTOOL is not None, "CI installs promtool: tools/system-packages lab"
    text = rendered("prometheus", report("sound")).replace('source="', 'source="a"b')
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_a_name_with_quotes_is_one_label() -> None:
    made = report("sound")
    named = replace(made, source=replace(made.source, name='a"b\\c\nd'))
    assert '{source="a\\"b\\\\c\\nd",destination="' in rendered("prometheus", named)


# lines of JSON


@each_report
def test_each_line_keeps_to_the_schema(name: str) -> None:
    lines = rendered("jsonl", report(name)).splitlines()
    kinds = []
    for text in lines:
        document = json.loads(text)
        assert [error.message for error in LINES.iter_errors(document)] == []
        kinds.append(LINE.validate_python(document).kind)
    assert kinds[0] == "report"
    assert kinds[-1] == "verdict"
    assert set(kinds[1:-1]) <= {"finding", "unknown", "rehearsed"}


# workflow commands


def commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Reads a log as the runner of GitHub Actions does: any line that begins with `::`, after white space, counts."""
    for line in text.splitlines():
        if match := re.fullmatch(r"\s*::([^ :]+)(?: (.*?))?::(.*)", line):
            properties = dict(one.partition("=")[::2] for one in (match[2] or "").split(",") if one)
            yield match[1], properties, match[3]


@each_report
def test_workflow_commands_are_ten_at_most_the_worst_first(name: str) -> None:
    text = rendered("github", report(name))
    found = list(commands(text))
    assert len(found) <= 11
    kinds = [kind for kind, *_ in found]
    assert kinds == sorted(kinds, key=("error", "warning", "notice").index)
    assert set(kinds) <= {"error", "warning", "notice"}
    for _, properties, _ in found:
        assert properties.keys() <= {"file", "line", "col", "title"}
    origin, verdict = text.splitlines()[len(found) :]
    assert origin.startswith("made 2026-11-30 00:53 UTC by anna on control.example.com")
    assert " -> " in verdict


def test_what_is_left_out_of_the_workflow_commands_is_counted() -> None:
    made = report("hostile")
    result = next(one for one in made.results if one.outcome is Outcome.FAILED and one.guest is None)
    twenty = tuple(replace(result.findings[0], message=f"number {number}") for number in range(20))
    lines = rendered("github", replace(made, results=(replace(result, findings=twenty),))).splitlines()
    assert lines[-3] == "::notice title=preflight::10 more: `--format text` shows all"
    assert len(lines) == 13


@each_text
@pytest.mark.parametrize("form", ["text", "concise", "table", "markdown", "nagios"])
def test_no_line_of_another_format_is_a_workflow_command(name: str, form: str) -> None:
    assert list(commands(text_of(form, name))) == []
    assert not re.search(r"^\s*##\[", text_of(form, name), re.MULTILINE)


# Markdown


def test_markdown_of_a_hostile_host_has_no_markup_of_its_own() -> None:
    text = rendered("markdown", report("hostile"))
    assert not re.search(r"<(?!!-- -->)", text)
    for line in text.splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)(?:\\\\)*\|", line)
            assert len(cells) in (5, 6, 7, 8), line


def test_an_undetermined_check_is_green_nowhere() -> None:
    made = undetermined()
    assert etree.fromstring(rendered("junit", made).encode()).findall(".//error")
    assert [one["severity"] for one in json.loads(rendered("gitlab", made))]
    assert any(kind == "error" for kind, *_ in commands(rendered("github", made)))
    assert rendered("nagios", made).startswith("PREFLIGHT UNKNOWN - ")
    assert " unknown " in rendered("concise", made)
    assert re.search(r'^preflight_verdict\{.*verdict="undetermined"\} 1$', rendered("prometheus", made), re.MULTILINE)
