"""Whole reports, byte for byte. After a change that is meant: `python -m tests.golden.record`, and look at the diff."""

import re
from pathlib import Path
from typing import Any

import pytest

from preflight.commands.show import read_saved
from preflight.judge.report import Verdict
from preflight.output.formats import FORMATS as OUTPUT_FORMATS
from preflight.output.formats import render
from preflight.output.terminal import CONTROL
from tests.case import Case
from tests.golden import audits
from tests.golden.rehearsals import NAME, rehearsal
from tests.golden.reports import FORMATS, KEPT_ONCE, REPORTS, report

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_it_was(name: str, form: str) -> None:
    assert render("report", form, report(name)).encode() == (CASES / f"{name}.{form}").read_bytes()


@pytest.mark.parametrize(("form", "name"), KEPT_ONCE.items())
def test_a_report_that_is_kept_once_is_what_it_was(form: str, name: str) -> None:
    assert render("report", form, report(name)).encode() == (CASES / f"{name}.{form}").read_bytes()


@pytest.mark.parametrize("form", OUTPUT_FORMATS["rehearsal"])
def test_a_rehearsal_is_what_it_was_and_is_shown_so_when_it_was_saved(form: str) -> None:
    kept = (CASES / f"{NAME}.{form}").read_bytes()
    assert render("rehearsal", form, rehearsal()).encode() == kept
    subject, again = read_saved(CASES / f"{NAME}.json")
    assert subject == "rehearsal"
    assert render(subject, form, again).encode() == kept


@pytest.mark.parametrize("form", OUTPUT_FORMATS["audit"])
def test_an_audit_is_what_it_was_and_is_shown_so_when_it_was_saved(form: str) -> None:
    for name in audits.kept(form):
        kept = (CASES / f"{name}.{form}").read_bytes()
        assert render("audit", form, audits.audit(name)).encode() == kept, name
        subject, again = read_saved(CASES / f"{name}.json")
        assert subject == "audit"
        assert render(subject, form, again).encode() == kept, name


def test_the_audits_have_every_verdict_and_text_of_no_host_steers_the_terminal() -> None:
    assert {name: audits.audit(name).verdict for name in audits.AUDITS} == {
        "audit": Verdict.NOT_READY,
        "audit-down": Verdict.UNDETERMINED,
        "audit-hostile": Verdict.NOT_READY,
    }
    for form in OUTPUT_FORMATS["audit"]:
        text = render("audit", form, audits.audit("audit-hostile"))
        assert not CONTROL.search(text), form
        assert text.endswith("\n"), form


@pytest.mark.parametrize("name", REPORTS)
def test_a_text_for_eighty_columns_is_what_it_was(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert render("report", "text", report(name)).encode() == (CASES / f"{name}.columns-80").read_bytes()


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_was_saved_is_shown_in_each_format_as_it_was(name: str) -> None:
    _, again = read_saved(CASES / f"{name}.json")
    for form in (*FORMATS, *(form for form, kept in KEPT_ONCE.items() if kept == name)):
        # half a character is kept as its escape
        if name != "hostile" or form not in ("json", "jsonl"):
            assert render("report", form, again).encode() == (CASES / f"{name}.{form}").read_bytes(), form


def test_every_kept_report_is_still_compared() -> None:
    expected = {f"{name}.{form}" for name in REPORTS for form in (*FORMATS, "columns-80")}
    expected |= {f"{name}.{form}" for form, name in KEPT_ONCE.items()}
    expected |= {f"{NAME}.{form}" for form in OUTPUT_FORMATS["rehearsal"]}
    expected |= {f"{name}.{form}" for form in OUTPUT_FORMATS["audit"] for name in audits.kept(form)}
    assert {path.name for path in CASES.iterdir()} == expected


@pytest.mark.parametrize("columns", [None, "80"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_a_hosts_steers_the_terminal(
    name: str, form: str, columns: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    text = render("report", form, report(name))
    assert not CONTROL.search(text)
    assert text.isprintable() or set(text) - {"\n", "\t"} == {one for one in text if one.isprintable()}
    assert text.endswith("\n")


@pytest.mark.parametrize("form", ["text", "table"])
def test_no_line_of_a_hosts_passes_for_the_verdict(form: str) -> None:
    lines = render("report", form, report("hostile")).splitlines()
    verdicts = [line for line in lines if line.startswith(("READY", "NOT READY"))]
    assert len(verdicts) == 1
    assert verdicts[0].startswith("NOT READY  host1.example.com -> host2.example.com")
    assert lines[-1].startswith("next: ")


@pytest.mark.parametrize("form", ["text", "table"])
@pytest.mark.parametrize(
    ("options", "narrowed"),
    [({}, False), ({"select": ("network",)}, True), ({"ignore": ("network",)}, True)],
)
def test_the_verdict_says_where_rules_were_left_out(form: str, options: dict[str, Any], *, narrowed: bool) -> None:
    verdict, _ = render("report", form, Case().asking(**options).report()).splitlines()[-2:]
    assert verdict.endswith("only selected rules were applied") is narrowed


CAUSE = "ssh: connect to host host2.example.com port 22: Connection refused"


@pytest.mark.parametrize("form", ["text", "table"])
def test_a_host_that_cannot_be_logged_in_to_is_said_once_and_no_list_of_rules_follows(form: str) -> None:
    lines = render("report", form, REPORTS["no-login"]().report()).splitlines()
    unknown = [line for line in lines if "login to host2.example.com failed" in line]
    assert len([line for line in unknown if "unread:" not in line]) == 1
    assert not any(CAUSE in line for line in unknown), "the finding has said it"
    assert not any("disk-missing-on-destination" in line for line in lines)
    assert any(re.search(r"\b[1-9]\d rules\b", line) for line in lines)


@pytest.mark.parametrize("form", ["text", "table"])
def test_the_cause_is_said_where_no_finding_says_it(form: str) -> None:
    lines = render("report", form, REPORTS["no-login"]().asking(ignore=("login",)).report()).splitlines()
    assert any(f"login to host2.example.com failed: {CAUSE}" in line for line in lines)
    assert lines[-2].startswith("UNDETERMINED")
    assert lines[-1].startswith("next: resolve this unknown and check again: login to host2.example.com failed: ")


@pytest.mark.parametrize("form", ["text", "table"])
def test_what_is_unknown_for_another_reason_is_still_listed(form: str) -> None:
    text = render("report", form, REPORTS["no-login"]().source("limits", None).report())
    assert "limits was not answered" in text
    assert "workers-limit" in text


@pytest.mark.parametrize("columns", ["1", "40", "100", "5000", "0", "many"])
def test_any_width_will_do(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unwrapped = "".join(render("report", "text", report("warnings")).split())
    monkeypatch.setenv("COLUMNS", columns)
    wrapped = render("report", "text", report("warnings")).replace(" \\\n", "\n")
    assert "".join(wrapped.split()) == unwrapped


def test_lines_are_wrapped_at_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = render("report", "text", report("warnings")).splitlines()
    wrapped = [line for line in lines if line.startswith("  why:")]
    assert wrapped
    assert all(len(line) <= 60 for line in wrapped)


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_only_colour(name: str) -> None:
    plain, coloured = (render("report", "text", report(name), colour=colour) for colour in (False, True))
    codes = ("1", "2", "31;1", "32;1", "33;1", "34;1", "0")
    stripped = coloured
    for code in codes:
        stripped = stripped.replace(f"\x1b[{code}m", "")
    assert stripped == plain
    assert "\x1b" not in plain
    assert "\x1b[0m" in coloured
    assert coloured.count("\x1b") == 2 * coloured.count("\x1b[0m")


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("sound", "32;1", "READY"), ("hosts-line-gone", "31;1", "NOT READY")],
)
def test_the_verdict_has_its_colour(name: str, code: str, word: str) -> None:
    verdict, _ = render("report", "text", report(name), colour=True).splitlines()[-2:]
    assert verdict.startswith(f"\x1b[{code}m{word}\x1b[0m  ")


@pytest.mark.parametrize("form", ["table", "json"])
def test_other_formats_have_no_colour(form: str) -> None:
    assert render("report", form, report("warnings"), colour=True) == render("report", form, report("warnings"))


def test_what_is_to_be_fixed_first_comes_first() -> None:
    text = render("report", "text", report("hostile"))
    words = ("\nerror: ", "\nunknown: ", "\nwarning: ", "\nguest: ", "\ncapacity:", "\nNOT READY", "\nnext: ")
    places = [text.index(word) for word in words]
    assert places == sorted(places)
    assert text.rindex("\nerror: ") < text.index("\nunknown: ") < text.index("\nwarning: ")


def test_the_verdicts_are_those_of_the_reports() -> None:
    assert {name: report(name).verdict for name in REPORTS} == {
        "sound": Verdict.READY,
        "hosts-line-gone": Verdict.NOT_READY,
        "no-login": Verdict.NOT_READY,
        "no-libvirt": Verdict.NOT_READY,
        "warnings": Verdict.READY,
        "hostile": Verdict.NOT_READY,
    }
