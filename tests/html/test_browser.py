"""HTML reports in a browser. Pictures of them, on screen and on paper, are left in build/html to be looked at."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.judge.report import Report
from preflight.output.formats import render
from tests.case import Case
from tests.golden import audits, rehearsals
from tests.golden import reports as golden
from tests.html.browser import Page, browser
from tests.html.reports import REPORTS, harmful, with_text

PICTURES = Path(__file__).parents[2] / "build" / "html"
#: Every element with its attributes, as the browser has parsed them before the page's script runs.
SKELETON = (
    "JSON.stringify([...document.querySelectorAll('*')]"
    ".map(e => [e.tagName, [...e.attributes].map(a => [a.name, a.value])]))"
)
SHOWN = "[...document.querySelectorAll('[data-outcome]')].filter(e => !e.closest('.filtered')).length"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    made = {name: replace(make().report(), made=golden.MADE) for name, make in REPORTS.items()}
    return made | {"rehearsed": rehearsals.rehearsal(), "accepted": rehearsals.accepted(Case())}


#: The reports of checks, and of rehearsals of which one has every answer.
NAMES = (*REPORTS, "rehearsed", "accepted")


def written(name: str, report: Report) -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.html"
    subject = "report" if report.command == "check" else "rehearsal"
    path.write_text(render(subject, "html", report), encoding="utf-8")
    return path


def choose(page: Page, field: str, value: str) -> None:
    """Choose a value of a filter, as a user does."""
    page.run(
        f"{{const field = document.querySelector('#filters [name={field}]'); field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('input', {bubbles: true}))}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_browser_complains_of_nothing_and_nothing_is_wider_than_the_screen(
    page: Page, reports: dict[str, Report], name: str
) -> None:
    path = written(name, reports[name])
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.open(path, width=width, scheme=scheme)
            page.screenshot(PICTURES / f"{name}-{width}-{scheme}.png")
            assert page.complaints == []
            assert page.run("document.documentElement.scrollWidth") <= width
            paper = page.run("getComputedStyle(document.body).backgroundColor")
            assert (paper == "rgb(255, 255, 255)") is (scheme == "light")


def test_filters_by_host_subject_outcome_and_text_show_what_they_name(page: Page, reports: dict[str, Report]) -> None:
    page.open(written("forty", reports["forty"]))
    everything = page.run(SHOWN)
    choose(page, "outcome", "error")
    errors = page.run(SHOWN)
    assert 0 < errors < everything
    assert page.run("document.querySelector('output').textContent") == f"{errors} of {everything} shown"
    choose(page, "host", "source")
    assert 0 < page.run(SHOWN) < errors
    assert page.run("document.querySelectorAll('.limits').length") == 2
    assert page.run("[...document.querySelectorAll('.limits')].filter(e => !e.closest('.filtered')).length") == 1
    choose(page, "host", "")
    choose(page, "subject", "3")
    shown = page.run(
        "[...document.querySelectorAll('article.item')].filter(e => !e.closest('.filtered')).map(e => e.textContent)"
    )
    assert len(shown) == 1
    assert "pc-i440fx-9.1" in shown[0]
    assert page.run("[...document.querySelectorAll('.group li')].filter(e => !e.closest('.filtered')).length") == 1
    choose(page, "subject", "")
    choose(page, "text", "BR-APP")
    assert page.run(SHOWN) == 1
    page.run("document.querySelector('#filters button').click()")
    assert page.run(SHOWN) == everything


def test_a_link_to_what_is_folded_opens_it(page: Page, reports: dict[str, Report]) -> None:
    page.open(written("not-ready", reports["not-ready"]))
    link = "document.querySelector('article dd a')"
    target = f"document.querySelector({link}.getAttribute('href')).closest('details')"
    assert page.run(f"{target}.open") is False
    page.run(f"{link}.click(); new Promise(done => setTimeout(done, 200))")
    assert page.run(f"{target}.open") is True


def test_everything_can_be_read_without_the_script(page: Page, reports: dict[str, Report]) -> None:
    page.open(written("forty", reports["forty"]), script=False)
    page.screenshot(PICTURES / "forty-without-script.png")
    assert page.run("document.getElementById('filters').hidden") is True
    hidden = "[...document.querySelectorAll('main article.item, main table.limits')].filter(e => !e.checkVisibility())"
    assert page.run(f"{hidden}.length") == 0


def test_the_keyboard_reaches_the_findings_first_and_the_focus_can_be_seen(
    page: Page, reports: dict[str, Report]
) -> None:
    page.open(written("not-ready", reports["not-ready"]))
    page.press("Tab")
    focused = "document.activeElement"
    assert page.run(f"{focused}.getAttribute('href')") == "#findings"
    assert page.run(f"getComputedStyle({focused}).outlineStyle") == "solid"
    assert page.run(f"{focused}.getBoundingClientRect().left") >= 0
    reached = set()
    for _ in range(40):
        page.press("Tab")
        reached.add(page.run(f"{focused}.tagName"))
    assert {"A", "SELECT", "INPUT", "BUTTON", "PRE", "SUMMARY"} <= reached


@pytest.mark.parametrize("name", audits.AUDITS)
def test_the_matrix_of_an_audit_scrolls_in_its_frame_and_its_heads_stay(page: Page, name: str) -> None:
    path = PICTURES / f"{name}.html"
    PICTURES.mkdir(parents=True, exist_ok=True)
    path.write_text(render("audit", "html", audits.audit(name)), encoding="utf-8")
    head = "document.querySelector('.matrix tbody th').getBoundingClientRect().left"
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.open(path, width=width, scheme=scheme)
            page.screenshot(PICTURES / f"{name}-{width}-{scheme}.png")
            assert page.complaints == []
            assert page.run("document.documentElement.scrollWidth") <= width
            before = page.run(head)
            page.run("document.querySelector('.matrix').scrollLeft = 1000")
            assert page.run(head) == before
    page.look(800, "light", "print")
    shown = "[...document.querySelectorAll('.matrix td, article.item')].filter(e => !e.checkVisibility())"
    assert page.run(f"{shown}.length") == 0


@pytest.mark.parametrize("name", NAMES)
def test_paper_has_every_finding_though_a_filter_hides_them(page: Page, reports: dict[str, Report], name: str) -> None:
    page.open(written(name, reports[name]))
    choose(page, "text", "no such text")
    page.look(800, "light", "print")
    items = "[...document.querySelectorAll('[data-outcome], .group li')]"
    assert page.run(f"{items}.filter(e => getComputedStyle(e).display === 'none').length") == 0
    assert page.run("getComputedStyle(document.getElementById('filters')).display") == "none"
    page.print(PICTURES / f"{name}.pdf")
    assert (PICTURES / f"{name}.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("seed", range(3))
def test_text_that_means_harm_is_text(page: Page, seed: int) -> None:
    report = golden.warnings().report()

    def parsed(text: str) -> Any:
        page.open(written("harm", with_text(report, text)), script=False)
        return json.loads(page.run(SKELETON))

    assert parsed(harmful(seed)) == parsed(" all is well")
    page.open(written("harm", with_text(report, harmful(seed))))
    assert page.complaints == []
    assert page.run("document.title").startswith("NOT READY: host3.example.com")


def test_the_policy_keeps_a_script_from_running_that_is_not_the_pages(page: Page, reports: dict[str, Report]) -> None:
    path = written("injected", reports["ready"])
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("<main>", "<main><script>document.title = 'taken'</script><p style='color:red'>", 1),
        encoding="utf-8",
    )
    page.open(path)
    assert page.run("document.title").startswith("READY: ")
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
