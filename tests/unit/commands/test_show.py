"""A saved report is shown as its command shows it, and refused in one line if it contradicts itself."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.commands.show import read_saved, show
from preflight.errors import UserError
from preflight.forecast.answer import Answer
from preflight.forecast.memory import Room
from preflight.judge.ruleset import load
from preflight.migrate.ledger import Ledger
from preflight.migrate.runs import Found, PastRun, Stage
from preflight.output.formats import FORMATS, render
from preflight.request.check_request import Gate
from preflight.request.migration import FailOn, Mode, OnUnknown, Transport
from preflight.schema.published import PUBLISHED
from preflight.schema.recognised import recognised
from tests.case import Case
from tests.golden.audits import audit
from tests.golden.rehearsals import of as rehearsal_of
from tests.golden.reports import MADE as WHEN
from tests.golden.reports import REPORTS as GOLDEN
from tests.html.reports import REPORTS as HTML
from tests.unit.capacity.test_path import at_most, filtered, on_port
from tests.unit.commands.test_capacity import answer, checked
from tests.unit.migrate.plans import PLAN
from tests.unit.output.test_ledger import ARRIVED, NOT_BEGUN, STAYED, UNDER_WAY


def saved(tmp_path: Path, change: Callable[[Any], None] = lambda _: None) -> Path:
    """Return a saved report with an error and two warnings, changed."""
    document = json.loads(render("report", "json", Case("hosts-line-gone/host1", "hosts-line-gone/host2").report()))
    change(document)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _failed(document: Any) -> Any:
    return next(one for one in document["results"] if one["outcome"] == "failed" and one["severity"] == "error")


def _of_no_rule(document: Any) -> None:
    _failed(document)["rule"] = "no-rule"


def _milder(document: Any) -> None:
    for finding in _failed(document)["findings"]:
        finding["severity"] = "info"


def _without_findings(document: Any) -> None:
    _failed(document)["findings"] = []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_of_no_rule, "the rule 'no-rule' of a result is not among its rules"),
        (_milder, "is not that of its worst finding"),
        (_without_findings, "failed, and no finding"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    path = saved(tmp_path, change)
    with pytest.raises(UserError, match=said) as refused:
        read_saved(path)
    assert str(refused.value).startswith(f"{path}: not a report that preflight wrote")
    assert "\n" not in str(refused.value)


#: Reports that differ in all that a report can say of hosts, guests, limits and the request.
MADE: dict[str, Callable[[], Case]] = {
    **HTML,
    **GOLDEN,
    "offline": lambda: Case().asking(offline=True),
    "all of them": lambda: Case().asking(as_they_are=True),
    "no guests": lambda: Case().asking(no_guests=True, concurrency=70),
    "over TLS": lambda: Case().asking(transport=Transport.TLS, destination_uri="qemu+tls://host2.example.com/system"),
    "peer-to-peer": lambda: Case().asking(mode=Mode.PEER_TO_PEER, compressed=True, select=("network",)),
    "firewalled": lambda: filtered(on_port(22, at_most(5))).asking(concurrency=9),
}


@pytest.mark.parametrize("name", MADE)
def test_a_report_that_was_saved_is_shown_in_each_format_as_the_check_shows_it(tmp_path: Path, name: str) -> None:
    report = replace(MADE[name]().report(), made=WHEN, gate=Gate(FailOn.WARNING, OnUnknown.WARN))
    path = tmp_path / "report.json"
    path.write_text(render("report", "json", report), encoding="utf-8")
    _, again = read_saved(path)
    for form in FORMATS["report"]:
        # JSON keeps half a character, which no reader decodes: it is shown as its escape
        if name != "hostile" or form not in ("json", "jsonl"):
            assert render("report", form, again) == render("report", form, report), form


@pytest.mark.parametrize("name", HTML)
def test_a_rehearsal_that_was_saved_is_shown_in_each_format_as_it_was(tmp_path: Path, name: str) -> None:
    same(tmp_path, "rehearsal", rehearsal_of(HTML[name]()))


def test_a_list_of_rules_that_was_saved_is_shown_in_each_format_as_it_was(tmp_path: Path) -> None:
    same(tmp_path, "rules", tuple(rule.text for rule in load()))


#: Answers of `capacity` that differ in what is asked for and in what is known.
ANSWERS: dict[str, Callable[[], Answer]] = {
    "nothing asked": answer,
    "too many": lambda: answer(concurrency=40),
    "measured": lambda: answer(window=300.0, concurrency=2, dirty={"web": 12.5}),
    "never ends": lambda: answer(window=300.0, dirty={"web": 1e6}),
    "not measured": lambda: answer(window=1.0, rate=33.3),
    "no link": lambda: Answer(checked().report, None, "no link", 300.0, None, (), "no memory"),
    "room": lambda: replace(answer(), rooms=(Room("memory", 4096, 1024, (("web", 2048), ("db", 9999))),)),
    "both ways": lambda: Answer(checked(both_ways=True).report, None, "no link"),
    "firewalled": lambda: answer(filtered(on_port(22, at_most(5))), concurrency=9),
    "off": lambda: answer(Case().guest(lambda guest: guest.update(state=5)).asking(as_they_are=True)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_capacity_that_was_saved_is_shown_in_each_format_as_it_was(tmp_path: Path, name: str) -> None:
    said = ANSWERS[name]()
    said = replace(said, report=replace(said.report, made=WHEN))
    same(tmp_path, "capacity", said)


def test_the_outcome_of_a_run_that_was_saved_is_shown_in_each_format_as_it_was(tmp_path: Path) -> None:
    same(tmp_path, "ledger", Ledger(PLAN, [ARRIVED, STAYED, NOT_BEGUN, UNDER_WAY]))


def test_a_list_of_runs_that_was_saved_is_shown_in_each_format_as_it_was(tmp_path: Path) -> None:
    done = PastRun(path="/r/a", stage=Stage.OVER, made=1.5, source="a", destination="b", guests=2, unfinished=("db",))
    found = Found(Path("/r"), (done, PastRun(path="/r/b", stage=Stage.DAMAGED, why="no head")), 3)
    same(tmp_path, "runs", found)


def same(tmp_path: Path, subject: str, value: object) -> None:
    """Assert that the value looks the same in each format after it was saved as JSON and read."""
    path = tmp_path / "saved.json"
    path.write_text(render(subject, "json", value), encoding="utf-8")
    found, again = read_saved(path)
    assert found == subject
    for form in FORMATS[subject]:
        assert render(subject, form, again) == render(subject, form, value), form


def test_a_format_that_the_saved_subject_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_text(render("capacity", "json", answer()), encoding="utf-8")
    with pytest.raises(UserError, match=r"^--format: 'junit' is not one of text, json, markdown, html$"):
        show(path, "junit", (), colour=False)
    with pytest.raises(UserError, match=r"^--report: 'sarif' is not one of text, json, markdown, html$"):
        show(path, "text", ("sarif=x",), colour=False)


def test_a_rule_that_is_no_word_is_not_shown_as_a_command(tmp_path: Path) -> None:
    document = json.loads(render("ledger", "json", Ledger(PLAN, [replace(STAYED, rule="same-host")])))
    document["guests"][0]["rule"] = "x; reboot"
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UserError, match="Expected another form"):
        read_saved(path)


def _verdict(document: Any) -> None:
    document["verdict"] = "ready"


def _no_rule(document: Any) -> None:
    document["causes"][0]["rule"] = "no-rule"


def _no_way(document: Any) -> None:
    document["causes"][0]["ways"].append([0, 0])


def _no_way_of_a_guest(document: Any) -> None:
    document["guests"][0]["ready"].append(99)


def _no_host(document: Any) -> None:
    document["odd"].append({"host": 99, "text": "x"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_verdict, "the verdict ready is not that of its ways, not-ready"),
        (_no_rule, "the rule 'no-rule' of a cause is not among its rules"),
        (_no_way, "there is no way from host 0 to host 0"),
        (_no_way_of_a_guest, "there is no way from host 0 to host 99"),
        (_no_host, "there is no host 99"),
    ],
)
def test_an_audit_that_contradicts_itself_is_refused(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    document = json.loads(render("audit", "json", audit()))
    change(document)
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(said)):
        read_saved(path)


def test_a_status_from_before_ready_only_has_no_guest_that_stays(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    document = json.loads(render("ledger", "json", Ledger(PLAN, (ARRIVED,))))
    assert document.pop("stays") == []
    path.write_text(json.dumps(document), encoding="utf-8")
    subject, told = read_saved(path)
    assert (subject, told.plan.stays) == ("ledger", ())


@pytest.mark.parametrize(("made", "writer"), [(WHEN, "preflight 0.1.0"), (None, "the preflight that wrote it")])
def test_a_file_of_an_older_preflight_is_refused_with_its_version(tmp_path: Path, made: Any, writer: str) -> None:
    document = json.loads(render("report", "json", replace(Case().report(), made=made)))
    del document["waivers"]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read_saved(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: has less than this preflight (")
    assert f"show it with {writer}, or save it again with --format json (" in said
    assert "`waivers`" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"preflight_snapshot": 1, "hosts": []}', "a snapshot: check it with `preflight check`"),
        ('{"preflight_plan": 3}', "a plan: run it with `preflight migrate`"),
        ('{"preflight_journal": 3}\n{"step": "end"}\n', "the journal of a run: see `preflight status JOURNAL`"),
        ('{"preflight_evacuation": 1}', "the record of an evacuation: see `preflight status RECORD`"),
        ('{"preflight_obfuscation": 1}', "a map of --obfuscate: give it to the command that wrote it"),
        ('{"kind": "lint", "format": 1}', "what `preflight lint --format json` printed"),
        ('{"kind": "doctor", "format": 1}', "what `preflight doctor --format json` printed"),
        ('{"kind": "hosts", "format": 1}', "what --list-hosts printed with --format json"),
        ('{"kind": "evacuation", "format": 1}', "what `preflight status RECORD --format json` printed"),
    ],
)
def test_another_document_is_named_with_what_reads_it(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read_saved(path)
    assert str(refused.value).startswith(f"{path}: no report that `preflight show` reads, but {said}")


def test_every_kind_that_is_printed_is_shown_or_named() -> None:
    kinds = {
        kind
        for one in PUBLISHED
        if one.mode == "serialization"
        for kind in [one.schema().get("properties", {}).get("kind", {}).get("const")]
        if kind is not None
    }
    assert len(kinds) > 8
    shown = {"report", "rehearsal", "capacity", "status", "runs", "rules", "difference", "audit"}
    assert {kind for kind in kinds - shown if recognised(json.dumps({"kind": kind}).encode()) is None} == set()
