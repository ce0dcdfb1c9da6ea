"""The HTML report: what it shows, its structure, and text of hosts that is shown and never acts."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest
from msgspec.structs import replace

from preflight.judge.report import Outcome, Report
from preflight.output.formats import FORMATS, render
from preflight.output.report.guest_groups import grouped
from preflight.output.report.problems import problems, unknowns
from preflight.rule import Finding
from preflight.visible import CONTROL, clean
from tests.case import RECORDED, Case
from tests.golden import reports as golden
from tests.html.reports import HARM, REPORTS, forty, harmful, with_text

ALL = {**REPORTS, **{name: make for name, make in golden.REPORTS.items() if name != "sound"}}
#: The namespace that a parser gives to inline pictures.
SVG = "{http://www.w3.org/2000/svg}"
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@cache
def made(name: str) -> Report:
    return replace(ALL[name]().report(), made=golden.MADE)


@cache
def page(name: str) -> str:
    return render("report", "html", made(name))


def parsed(text: str) -> Element:
    """The document as a browser reads it; fails where the standard calls it an error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(text)
    return root


@cache
def tree(name: str) -> Element:
    return parsed(page(name))


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def skeleton(root: Element) -> list[tuple[str, dict[str, str]]]:
    """Every element with its attributes, in the order of the document."""
    return [(str(element.tag), dict(element.attrib)) for element in root.iter()]


# what it says


@pytest.mark.parametrize("name", ALL)
def test_it_begins_with_the_verdict(name: str) -> None:
    report = made(name)
    word = report.verdict.value.replace("-", " ").upper()
    header = tree(name).find(".//header")
    assert header is not None
    assert word in text_of(header)
    title = tree(name).findtext(".//title") or ""
    assert title == f"{word}: {report.source.name} to {report.destination.name}"


@pytest.mark.parametrize("name", ALL)
def test_every_finding_and_every_unknown_is_an_article_in_the_order_in_which_to_fix_them(name: str) -> None:
    found, unclear = problems(made(name).results), unknowns(made(name))
    articles = tree(name).findall(".//section[@id='findings']/article")
    assert len(articles) == len(found) + len(unclear)
    outcomes = [article.get("data-outcome") for article in articles]
    decisive = sum(unknown.is_decisive for unknown in unclear)
    errors = sum(problem.severity.value == "error" for problem in found)
    assert outcomes[:errors] == ["error"] * errors
    assert outcomes[errors : errors + decisive] == ["unknown"] * decisive
    said = [text_of(article) for article in articles]
    for problem, text in zip(found[:errors], said[:errors], strict=True):
        for part in (problem.finding.message, problem.finding.predicted_error, problem.finding.fix, problem.rule.name):
            assert " ".join(clean(part or "").split()) in text


def test_a_finding_has_its_place_its_line_and_its_caret() -> None:
    (article,) = [one for one in tree("warnings").iter("article") if "max_workers is 40" in text_of(one)]
    assert "host3.example.com:/etc/libvirt/libvirtd.conf:540:15" in text_of(article)
    (excerpt,) = [one for one in article.iter("pre") if one.get("class") == "excerpt"]
    line, caret = "".join(excerpt.itertext()).splitlines()
    assert line == "540 | max_workers = 40"
    assert caret.index("^") == line.index("40", 5)


def test_what_differs_between_the_hosts_is_marked_in_words() -> None:
    (table,) = [one for one in tree("warnings").iter("table") if one.get("class") == "hosts"]
    rows = {text_of(row).partition(" ")[0]: text_of(row) for row in table.iter("tr")}
    assert "differs" in rows["libvirt"]
    assert "differs" not in rows["Host"]
    (table,) = [one for one in tree("ready").iter("table") if one.get("class") == "hosts"]
    assert "differs" not in text_of(table)


def test_a_host_of_which_nothing_is_known_is_not_said_to_differ() -> None:
    (table,) = [one for one in tree("no-login").iter("table") if one.get("class") == "hosts"]
    rows = [text_of(row) for row in table.iter("tr")]
    assert [row for row in rows if "differs" in row] == [row for row in rows if row.startswith("Login")]
    assert sum("not known" in row for row in rows) == 5


def test_forty_guests_are_grouped_by_what_their_verdict_is_due_to() -> None:
    groups = grouped(made("forty")).groups
    assert [(len(group.guests), group.rules) for group in groups] == [
        (30, ()),
        (5, ("bridge-missing",)),
        (5, ("machine-type-missing",)),
    ]
    shown = [one for one in tree("forty").iter("div") if "group" in (one.get("class") or "")]
    assert [len(list(group.iter("li"))) for group in shown] == [30, 5, 5]
    assert "because of bridge-missing and of the hosts" in text_of(shown[1])


def test_every_limit_is_a_row_with_a_bar_as_long_as_what_it_allows() -> None:
    report = made("forty")
    rows = [row for row in tree("forty").iter("tr") if row.find(f"th/{SVG}svg") is not None]
    assert [row.findtext("th/code") for row in rows] == [
        limit.name for role in ("source", "destination") for limit in report.capacity.limits if limit.host.value == role
    ]
    bars = {text_of(row): row.findall(f"th/{SVG}svg/{SVG}rect")[-1].get("width") for row in rows}
    (busy,) = [wide for text, wide in bars.items() if "stops the next migration" in text]
    assert busy == "25.0", "the scale ends at four times what the hosts allow"
    assert sum("stops the next" in text for text in bars) == 2


def test_an_unread_limit_has_no_bar_but_its_reason() -> None:
    rows = [row for row in tree("undetermined").iter("tr") if row.find(f"th/{SVG}svg") is not None]
    (unread,) = [row for row in rows if "libvirtd.conf was not answered" in text_of(row)]
    assert [one.get("class") for one in unread.iter(f"{SVG}rect")] == ["not-known"]


@pytest.mark.parametrize("name", ALL)
def test_every_result_is_counted(name: str) -> None:
    for outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        number = sum(result.outcome is outcome for result in made(name).results)
        section = tree(name).find(f".//section[@id='{outcome.value}']")
        assert text_of(section if section is not None else tree(name)).count(f"{number} result") == bool(number)


def test_a_report_without_findings_is_small() -> None:
    assert len(page("ready").encode()) <= 47_000


def test_it_says_when_where_by_whom_and_with_which_options_it_was_made() -> None:
    root = tree("warnings")
    header, footer = root.find(".//header"), root.find(".//footer")
    assert header is not None
    assert footer is not None
    assert "2026-11-30 00:53 UTC by anna on control.example.com, preflight 0.1.0" in text_of(header)
    assert "--concurrency 3" in text_of(footer)
    assert "from a snapshot" in text_of(footer)
    nobody = render("report", "html", replace(made("warnings"), made=None))
    assert "anna" not in nobody


# structure


@pytest.mark.parametrize("name", ALL)
def test_links_and_labels_lead_to_one_element_each(name: str) -> None:
    ids = [element.get("id") for element in tree(name).iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    targets = [link.get("href") or "" for link in tree(name).iter("a")]
    assert {target[0] for target in targets} == {"#"}
    named = [element.get("aria-labelledby") for element in tree(name).iter() if element.get("aria-labelledby")]
    counted = {"#passed"}  # also where none has passed
    assert {target[1:] for target in targets if target not in counted} | set(named) <= set(ids)


@pytest.mark.parametrize("name", ALL)
def test_headings_descend_one_step_at_a_time(name: str) -> None:
    levels = [HEADINGS.index(element.tag) for element in tree(name).iter() if element.tag in HEADINGS]
    assert levels[0] == 0
    assert levels.count(0) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


@pytest.mark.parametrize("name", ALL)
def test_landmarks_tables_and_fields_are_named(name: str) -> None:
    root = tree(name)
    for landmark in ("header", "nav", "main", "footer", "search"):
        assert len(list(root.iter(landmark))) == 1
    for section in (*root.iter("section"), *root.iter("article")):
        is_named = section.get("aria-labelledby") or section.get("aria-label") or section.find("h3") is not None
        assert is_named
    for cell in root.iter("th"):
        assert cell.get("scope") in {"col", "row"}
    fields = [*root.iter("select"), *root.iter("input")]
    assert fields
    assert sorted(fields, key=id) == sorted(
        (one for label in root.iter("label") for one in label.iter() if one.tag in {"select", "input"}), key=id
    )
    assert root.get("lang") == "en"


def test_pictures_are_hidden_from_readers_since_the_table_says_it() -> None:
    pictures = list(tree("forty").iter(f"{SVG}svg"))
    assert pictures
    assert all(picture.get("aria-hidden") == "true" for picture in pictures)


def _palettes() -> Iterator[dict[str, str]]:
    style = tree("ready").findtext(".//style") or ""
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", part)) for part in style.split("prefers-color-scheme"))
    yield light
    yield light | dark


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_can_be_told_from_what_is_behind_it() -> None:
    """WCAG 2 asks for a contrast of 4.5, and of 3 for bars."""
    for palette in _palettes():
        tones = [(name, f"{name}-panel") for name in ("red", "amber", "green", "violet", "blue")]
        plain = [*product(("ink", "quiet", "link"), ("paper", "panel")), *((tone, "paper") for tone, _ in tones)]
        plain += [*tones, *(("ink", panel) for _, panel in tones), *(("quiet", panel) for _, panel in tones)]
        bars = [(bar, "panel") for bar in ("bar", "bar-burst", "bar-shared", "red")]
        for least, pairs in ((4.5, plain), (3, bars)):
            for front, behind in pairs:
                light, dark = sorted((_luminance(palette[front]), _luminance(palette[behind])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= least, (front, behind, palette[front], palette[behind])


# filters


@pytest.mark.parametrize("name", ALL)
def test_what_can_be_filtered_names_its_host_and_its_guests(name: str) -> None:
    guests = [guest.name for guest in made(name).guests]
    marked = [element for element in tree(name).iter() if element.get("data-outcome")]
    assert marked
    for element in marked:
        assert element.get("data-host") in {"", "source", "destination"}
        numbers = (element.get("data-subjects") or "").split()
        assert numbers == ["*"] or all(int(number) < len(guests) for number in numbers)
    options = [option for field in tree(name).iter("select") for option in field if field.get("name") == "subject"]
    assert [text_of(option) for option in options][2:] == [f"guest {' '.join(clean(one).split())}" for one in guests]


def test_a_finding_about_some_guests_has_their_numbers() -> None:
    (article,) = [one for one in tree("forty").iter("article") if "br-app does not exist" in text_of(one)]
    assert article.get("data-subjects") == "5 13 21 29 37"
    assert article.get("data-host") == "destination"


# text of hosts


def test_the_policy_allows_the_pages_own_style_and_script_alone() -> None:
    root = tree("hostile")
    (policy,) = [meta.get("content") for meta in root.iter("meta") if meta.get("http-equiv")]
    digests = [
        base64.b64encode(hashlib.sha256("".join(one.itertext()).encode()).digest()).decode()
        for tag in ("style", "script")
        for one in root.iter(tag)
    ]
    style, script = digests
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}';"
        " base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", ALL)
def test_it_loads_nothing_and_no_attribute_is_a_program(name: str) -> None:
    attributes = {attribute for _, attributes in skeleton(tree(name)) for attribute in attributes}
    assert not attributes & {"style", "src", "srcset", "action", "formaction", "data", "poster", "ping", "srcdoc"}
    assert not any(attribute.startswith("on") for attribute in attributes)
    style = tree(name).findtext(".//style") or ""
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", ALL)
def test_no_control_character_is_left(name: str) -> None:
    assert not CONTROL.search(page(name))


@cache
def _calm(name: str) -> list[tuple[str, dict[str, str]]]:
    return skeleton(parsed(render("report", "html", with_text(made(name), " all is well"))))


@pytest.mark.parametrize(("name", "seed"), [("hostile", 1), ("no-login", 2), ("warnings", 3), ("warnings", 4)])
def test_text_of_a_host_adds_no_element_and_no_attribute(name: str, seed: int) -> None:
    text = harmful(seed)
    root = parsed(render("report", "html", with_text(made(name), text)))
    assert skeleton(root) == _calm(name)
    shown = "".join(root.itertext())
    known = clean(text.partition("\x00")[0]).strip()
    assert shown.count(known) > 20, "it is shown as it is"


def test_a_text_without_end_is_cut() -> None:
    text = render("report", "html", with_text(made("warnings"), "<" * 200_000))
    assert "more characters)" in text
    assert len(text) < 400_000 * text.count("more characters)") + 100_000


@pytest.mark.parametrize("text", HARM)
def test_each_text_alone_adds_none_either(text: str) -> None:
    root = parsed(render("report", "html", with_text(made("warnings"), text)))
    assert skeleton(root) == _calm("warnings")


def test_a_line_of_a_mebibyte_is_cut_around_its_value() -> None:
    report = made("warnings")
    long = "<b>" * 350_000

    def lengthened(finding: Finding) -> Finding:
        at = finding.location
        return finding if at is None else replace(finding, location=replace(at, text=f"{at.text} # {long}"))

    results = (replace(one, findings=tuple(map(lengthened, one.findings))) for one in report.results)
    text = render("report", "html", replace(report, results=tuple(results)))
    (excerpt,) = [one for one in parsed(text).iter("pre") if "max_workers = 40" in text_of(one)]
    assert len(text_of(excerpt)) < 600
    assert len(text) < 100_000


# what it costs


def test_a_report_as_text_loads_no_other_formats_module_or_library() -> None:
    def loaded(form: str) -> set[str]:
        hosts = [str(RECORDED / "ready" / f"{name}.json") for name in ("host1", "host2")]
        code = (
            "import os, sys\n"
            "os._exit = lambda code: (sys.stderr.write(' '.join(sys.modules)), sys.stderr.flush(), sys.exit(code))\n"
            f"sys.argv = ['preflight', 'check', *{hosts!r}, '--format', {form!r}]\n"
            "from preflight.__main__ import main\n"
            "main()\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return set(done.stderr.split())

    foreign = {"jinja2", "markupsafe", "preflight.output.page.template"}
    others = {f"preflight.output.report.{form}" for form in FORMATS["report"] if form != "text"}
    libraries = {"pydantic", "tabulate", "wcwidth", "lxml", "xml.sax", "json.tool", "rich"}
    of_text = loaded("text")
    assert not of_text & (foreign | others | libraries)
    assert not any(name.startswith(("preflight.output.rehearsal", "preflight.rehearse")) for name in of_text)
    assert loaded("html") >= foreign


def test_thousands_of_guests_share_their_lines() -> None:
    report = forty().report()
    guests = tuple(replace(guest, name=f"{guest.name}-{copy}") for copy in range(50) for guest in report.guests)
    results = tuple(
        replace(one, guest=f"{one.guest}-{copy}", subject=f"guest {one.guest}-{copy}")
        for copy in range(50)
        for one in report.results
        if one.guest is not None
    )
    hosts = tuple(one for one in report.results if one.guest is None)
    whole = render("report", "html", replace(report, guests=guests, results=(*results, *hosts)))
    assert whole.count("<article") == page("forty").count("<article")
    assert len(whole) < 1_000_000


def test_pages_are_files_of_the_package() -> None:
    folder = Path(__file__).parents[3] / "preflight" / "output" / "page"
    assert {path.suffix for path in folder.iterdir() if path.is_file()} == {".py", ".html", ".css", ".js"}


def test_the_hosts_alone_are_said_to_be_all_that_was_checked() -> None:
    text = render("report", "html", Case().asking(no_guests=True).report())
    assert "No guest was checked: the verdict covers the hosts alone." in text
