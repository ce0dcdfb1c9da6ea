"""The formats of an audit: each cause once, at its place, with the ways that it is about."""

import json
import re
from functools import cache
from xml.etree.ElementTree import Element

import html5lib
import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from msgspec.structs import replace

from preflight.facts.text.located import Location
from preflight.fleet.audited import Audited
from preflight.judge.report import Outcome, Verdict
from preflight.output.audit import html
from preflight.output.audit.causes import told
from preflight.output.formats import render
from preflight.schema.audit import LINE
from preflight.schema.published import PUBLISHED
from tests.golden.audits import AUDITS, audit

LINES = Draft202012Validator(next(one for one in PUBLISHED if one.name == "audit-lines").schema())


def of(name: str = "audit", **changes: object) -> Audited:
    """Return a golden audit, changed."""
    return replace(audit(name), **changes)


@cache
def page() -> Element:
    return parsed(audit())


def parsed(audited: Audited) -> Element:
    """Return the page of an audit as a browser reads it; fails if the standard calls it an error."""
    text = render("audit", "html", audited)
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def cases(audited: Audited) -> dict[str, list[tuple[str, str]]]:
    """Return, for each suite of JUnit, the names and the kinds of its cases."""
    tree = etree.fromstring(render("audit", "junit", audited).encode())
    return {
        suite.get("name"): [
            (case.get("name"), case[0].tag if len(case) else "passed") for case in suite.iter("testcase")
        ]
        for suite in tree
    }


def test_the_matrix_of_a_page_has_each_way_with_its_verdict_and_its_causes() -> None:
    matrix = audit().matrix
    rows = page().findall(".//div[@class='matrix']//tbody/tr")
    assert len(rows) == len(matrix.hosts)
    for source, row in enumerate(rows):
        for destination, square in enumerate(row.findall("td")):
            cell = matrix.cells[source].get(destination)
            assert square.get("class") == ("no-way" if cell is None else cell.verdict.value)
            assert bool(square.findall("a")) is (cell is not None and cell.verdict is not Verdict.READY)
            if cell is not None and cell.verdict is Verdict.READY:
                assert "".join(square.itertext()) == f"✓ {cell.allows}"


def test_every_link_of_a_page_leads_to_what_is_there() -> None:
    ids = [one.get("id") for one in page().iter() if one.get("id")]
    links = {one.get("href", "") for one in page().iter("a")}
    assert len(ids) == len(set(ids))
    assert links <= {f"#{name}" for name in ids}
    decisive = [one for one in told(audit()) if one.is_decisive]
    assert [one.get("id") for one in page().iter("article")] == [f"cause-{one.number}" for one in decisive]
    assert {f"#cause-{one.number}" for one in decisive} <= links


def test_a_page_of_too_many_hosts_has_their_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_WIDEST", 4)
    shown = render("audit", "html", audit())
    assert '<div class="matrix"' not in shown
    assert "A matrix of more than 4 hosts does not fit on a page" in shown
    assert '<td class="number">3 of 4</td>' in shown


def test_a_card_quotes_the_line_with_a_caret_and_counts_further_places() -> None:
    matrix = audit().matrix
    numbers = iter(range(1, 100))
    causes = tuple(
        replace(one, location=Location("/etc/libvirt/qemu.conf", next(numbers), 5, 9, "key = <b>"))
        if one.blocks
        else one
        for one in matrix.causes
    )
    card = next(parsed(of(matrix=replace(matrix, causes=causes))).iter("article"))
    places = ["".join(one.itertext()) for one in card.findall("p[@class='place']")]
    located = len(told(audit())[0].group.causes)
    assert places[0].startswith("kvm0001.dc1.example.com:/etc/libvirt/qemu.conf:")
    assert places[3:] == [f"and {located - 3} more places"]
    line, caret = "".join(card.findall("pre[@class='excerpt']")[0].itertext()).splitlines()
    assert line.index("= <b>") == caret.index("^")


def test_a_page_without_causes_says_so() -> None:
    matrix = audit().matrix
    ready = tuple(
        {to: replace(cell, verdict=Verdict.READY, causes=(), guests=()) for to, cell in row.items()}
        for row in matrix.cells
    )
    whole = of(matrix=replace(matrix, cells=ready, causes=(), guests=tuple(() for _ in matrix.hosts)), odd=())
    shown = render("audit", "html", whole)
    assert "Nothing keeps a way from being READY." in shown
    assert "Every host has a way that is READY" in shown
    assert "<article" not in shown


@pytest.mark.parametrize("form", ["html", "markdown", "text", "table", "concise", "github"])
def test_what_people_read_has_every_decisive_cause_with_its_ways(form: str) -> None:
    shown = re.sub(r"\s+", " ", render("audit", form, audit()))
    ways = sum(1 for _ in audit().matrix.ways)
    for one in told(audit()):
        if one.is_decisive:
            assert one.group.rule.name in shown
            assert (str(len(one.group.ways)) if form == "table" else one.effect(ways)[1:]) in shown


@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_programs_get_each_finding_once_and_know_it_again_whatever_its_order(form: str) -> None:
    def prints(audited: Audited) -> dict[str, str]:
        found = json.loads(render("audit", form, audited))
        if form == "gitlab":
            return {one["fingerprint"]: one["description"] for one in found}
        results = found["runs"][0]["results"]
        return {one["partialFingerprints"]["primaryLocationLineHash"]: one["message"]["text"] for one in results}

    matrix = audit().matrix
    last = len(matrix.causes) - 1
    turned = tuple(
        {to: replace(cell, causes=tuple(last - number for number in cell.causes)) for to, cell in row.items()}
        for row in matrix.cells
    )
    other = of(matrix=replace(matrix, causes=tuple(reversed(matrix.causes)), cells=turned))
    failed = [cause for cause in matrix.causes if cause.outcome is Outcome.FAILED]
    assert len(prints(audit())) == len(failed)
    assert prints(other) == prints(audit())


def test_ways_are_named_by_their_common_end() -> None:
    issues = [one["description"] for one in json.loads(render("audit", "gitlab", audit()))]
    assert any(re.search(r"blocks 4 of 20 ways: to kvm0005\S+ from kvm0001\S+, kvm0002", text) for text in issues)


def test_an_unknown_that_may_hide_an_error_is_an_issue_and_an_annotation_and_no_success() -> None:
    down = audit("audit-down")
    assert {one["severity"] for one in json.loads(render("audit", "gitlab", down))} >= {"major"}
    assert "::error file=hosts/kvm0003.dc1.example.com/libvirt,line=1,title=unknown::" in render(
        "audit", "github", down
    )
    (invocation,) = json.loads(render("audit", "sarif", down))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"
    assert render("audit", "nagios", down).startswith("PREFLIGHT UNKNOWN - audit of 3 hosts: not every way is READY")


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("name", AUDITS)
def test_no_case_of_junit_fails_where_the_exit_code_is_0_and_one_does_elsewhere(name: str, *, every: bool) -> None:
    audited = of(name, every=every)
    kinds = {kind for suite in cases(audited).values() for _, kind in suite}
    assert ("failure" in kinds) is (audited.verdict is Verdict.NOT_READY)
    assert (kinds <= {"passed", "skipped"}) is (audited.verdict is Verdict.READY)


def test_the_cases_of_junit_are_guests_or_ways() -> None:
    guests = cases(of())
    assert [name for name, _ in guests["kvm0002.dc1.example.com"]] == [f"guest vm0002-{n}" for n in range(1, 7)]
    assert guests["kvm0002.dc1.example.com"][0][1] == "failure"
    ways = cases(of(every=True))
    assert ways["kvm0001.dc1.example.com"] == [
        ("to kvm0002.dc1.example.com", "passed"),
        ("to kvm0003.dc1.example.com", "passed"),
        ("to kvm0004.dc1.example.com", "passed"),
        ("to kvm0005.dc1.example.com", "failure"),
    ]
    assert cases(of("audit-down", every=False))["kvm0003.dc1.example.com"] == [("any way", "error")]


def test_a_way_that_is_ready_by_a_waiver_alone_is_skipped() -> None:
    matrix = audit().matrix
    causes = tuple(replace(one, outcome=Outcome.WAIVED) if one.blocks else one for one in matrix.causes)
    ready = tuple(
        {
            to: replace(cell, verdict=Verdict.READY, guests=tuple(Verdict.READY for _ in cell.guests))
            for to, cell in row.items()
        }
        for row in matrix.cells
    )
    waived = replace(matrix, causes=causes, cells=ready)
    ways = cases(of(matrix=waived, every=True))
    for source, row in enumerate(matrix.cells):
        kinds = [kind for _, kind in ways[matrix.hosts[source].name]]
        assert kinds == ["skipped" if cell.verdict is Verdict.NOT_READY else "passed" for cell in row.values()]
    guests = cases(of(matrix=waived))
    assert {kind for _, kind in guests["kvm0002.dc1.example.com"]} == {"skipped"}, "no way without a waiver"
    assert {kind for _, kind in guests["kvm0001.dc1.example.com"]} == {"passed"}


@pytest.mark.parametrize("name", AUDITS)
def test_each_line_keeps_to_the_schema_and_every_way_and_cause_has_one(name: str) -> None:
    matrix = audit(name).matrix
    kinds: list[str] = []
    for text in render("audit", "jsonl", audit(name)).splitlines():
        document = json.loads(text)
        assert [error.message for error in LINES.iter_errors(document)] == []
        kinds.append(LINE.validate_python(document).kind)
    ways = sum(1 for _ in matrix.ways)
    cpus = ["cpu"] * len(audit(name).baselines.found)
    assert kinds == ["audit", *["cause"] * len(matrix.causes), *["way"] * ways, *cpus, "verdict"]


def test_the_gauges_add_up() -> None:
    gauges = dict(
        line.rsplit(" ", 1) for line in render("audit", "prometheus", audit()).splitlines() if not line.startswith("#")
    )

    def total(name: str) -> int:
        return sum(
            int(value) for key, value in gauges.items() if re.fullmatch(rf"preflight_audit_{name}(\{{.*\}})?", key)
        )

    assert total("ways") == total("ways_from") == total("ways_to") == sum(1 for _ in audit().matrix.ways)
    assert total("ready_ways_from") == total("ready_ways_to") == audit().matrix.verdicts()[Verdict.READY]
    assert total("stuck_guests") == sum(1 for _ in audit().matrix.stuck()) > 0
    assert total("causes") == len(told(audit()))
    assert gauges['preflight_audit_verdict{verdict="not-ready"}'] == "1"
    assert not any('"vm0' in key for key in gauges), "guests have no bound"


def test_only_selected_rules_are_said_to_be_all_that_was_judged() -> None:
    whole = of(matrix=replace(audit().matrix, asked=replace(audit().matrix.asked, select=())))
    for form in ("text", "concise", "table", "markdown", "html", "github", "nagios"):
        assert "only selected rules were applied" in render("audit", form, audit()), form
        assert "only selected rules were applied" not in render("audit", form, whole), form
