"""The HTML pages of capacity, of a run's outcome, of the runs and of the rules: valid, complete, and never markup."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest
from msgspec.structs import replace

from preflight.forecast.answer import Answer
from preflight.migrate.ledger import Ledger, Row
from preflight.migrate.runs import Found, PastRun, Stage
from preflight.output.formats import render
from preflight.visible import clean
from tests.golden import audits
from tests.html.reports import HARM, harmful, with_text
from tests.unit.commands.test_capacity import answer, checked
from tests.unit.migrate.plans import PLAN, altered
from tests.unit.output.test_ledger import ARRIVED, NOT_BEGUN, STAYED, UNDER_WAY

WANTED = [answer(), answer(concurrency=40), answer(window=300.0), Answer(checked().report, None, "no link")]
WORDS = ["20 at once", "DOES NOT FIT", "NOT KNOWN", "20 at once"]


def capacity(text: str) -> str:
    """Return the page of an answer whose hosts, guests and limits end with the text."""
    said = answer()
    forecast = said.forecast
    assert forecast is not None
    loads = tuple(replace(load, name=load.name + text) for load in forecast.loads)
    return render(
        "capacity",
        "html",
        replace(said, report=with_text(said.report, text), forecast=replace(forecast, loads=loads), no_rooms=text),
    )


def ledger(text: str) -> str:
    rows = [replace(STAYED, name=f"db{text}", error=f"no{text}", why=f"why{text}"), ARRIVED]
    return render("ledger", "html", Ledger(altered(PLAN, source=f"a{text}", destination=f"b{text}"), rows))


def runs(text: str) -> str:
    run = PastRun(
        path=f"/x{text}",
        stage=Stage.DAMAGED,
        source=f"a{text}",
        destination=f"b{text}",
        unfinished=(f"g{text}",),
        why=f"no{text}",
    )
    return render("runs", "html", Found(Path(f"/r{text}"), (run, replace(run, stage=Stage.RUNNING, made=1.0)), 3))


def audited(text: str) -> str:
    return render("audit", "html", audits.with_text(audits.audit(), text))


PAGES: dict[str, Callable[[str], str]] = {"capacity": capacity, "ledger": ledger, "runs": runs, "audit": audited}


def parsed(text: str) -> Element:
    """Return the document as a browser reads it; fails if the standard calls it an error."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def skeleton(root: Element) -> list[str]:
    return [str(element.tag) for element in root.iter()]


def said(root: Element) -> str:
    return "".join(root.itertext())


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("text", [*HARM, harmful(1), harmful(2)], ids=range(len(HARM) + 2))
def test_text_of_hosts_and_of_journals_is_shown_and_is_no_markup(name: str, text: str) -> None:
    page = PAGES[name](text)
    root = parsed(page)
    assert skeleton(root) == skeleton(parsed(PAGES[name]("harmless")))
    assert " ".join(clean(text.strip()).split())[:20] in " ".join(said(root).split())
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)


@pytest.mark.parametrize(("asked", "word"), list(zip(WANTED, WORDS, strict=True)), ids=range(len(WANTED)))
def test_capacity_begins_with_the_answer_to_the_request(asked: Answer, word: str) -> None:
    root = parsed(render("capacity", "html", asked))
    assert root.findtext(".//span[@class='word']") == word
    limits = [
        limit.name
        for role in ("source", "destination")
        for limit in asked.report.capacity.limits
        if limit.host.value == role
    ]
    assert [one.text for one in root.findall(".//table[@class='limits']//th/code")] == limits


@pytest.mark.parametrize(
    ("rows", "word", "tone"),
    [
        ([ARRIVED], "ARRIVED", "ready"),
        ([replace(ARRIVED, why="no autostart")], "ARRIVED, BUT NOT AS REQUESTED", "undetermined"),
        ([ARRIVED, STAYED, NOT_BEGUN, UNDER_WAY], "NOT ARRIVED", "not-ready"),
    ],
)
def test_the_outcome_of_a_run_begins_with_its_word_and_has_a_row_for_each_guest(
    rows: list[Row], word: str, tone: str
) -> None:
    root = parsed(render("ledger", "html", Ledger(PLAN, rows)))
    assert root.findtext(".//span[@class='word']") == word
    assert root.find(f".//header[@class='verdict {tone}']") is not None
    assert len(root.findall(".//tbody/tr")) == len(rows)


def test_the_runs_that_can_be_read_and_the_damaged_ones_are_apart() -> None:
    root = parsed(runs(""))
    assert [len(table.findall("tbody/tr")) for table in root.iter("table")] == [1, 1]
    assert "3 older journals" in said(root)
    assert "No journal." in said(parsed(render("runs", "html", Found(Path("/none"), (), 0))))


def test_every_rule_is_in_the_section_of_its_subject() -> None:
    from preflight.judge.ruleset import load

    rules = tuple(rule.text for rule in load())
    root = parsed(render("rules", "html", rules))
    shown = {
        cell.text: section.findtext("h2")
        for section in root.findall(".//main/section")
        for cell in section.findall(".//tbody/tr/th")
    }
    assert shown == {rule.name: rule.topic for rule in rules}
