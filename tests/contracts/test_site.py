"""The site has every page, each at one place of its navigation, and its own check of links finds what is wrong."""

import re
from pathlib import Path

import pytest

from tools.site.links import faults
from tools.site.tree import FILE_SCHEME, tree

MADE = tree()
_ENTRIES = re.compile(r"```\{toctree\}\n(?::\w+:.*\n)*\n(.*?)```", re.DOTALL)


def _below(place: str) -> list[str]:
    found = _ENTRIES.search(MADE.pages[place])
    entries = found[1].split() if found else []
    return [(Path(place).parent / f"{entry}.md").as_posix() for entry in entries]


def test_every_page_is_at_one_place_of_the_navigation() -> None:
    placed = [page for place in MADE.pages for page in _below(place)]
    assert sorted({*MADE.pages} - {*placed}) == ["index.md"]
    assert sorted(page for page in placed if page not in MADE.pages or placed.count(page) > 1) == []


def test_the_parts_are_few() -> None:
    assert _below("index.md") == ["tutorial.md", "how-to.md", "reference.md", "background.md", "contributing.md"]


def test_links_lead_to_the_places_of_the_site() -> None:
    assert "](security-policy.md)" in MADE.pages["security.md"]
    assert "](../security.md#what-a-snapshot-leaves-out)" in MADE.pages["contributing/start.md"]
    assert f"]({FILE_SCHEME}:report.schema.json)" in MADE.pages["output.md"]
    assert f"]({FILE_SCHEME}:../LICENSE)" in MADE.pages["contributing/start.md"]
    assert {"report.schema.json", "preflight.1", "LICENSE"} <= {*MADE.files}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('<a href="gone.html">', "gone.html leads nowhere"),
        ('<a href="there.html#gone">', "there.html#gone has no such anchor"),
        ('<a href="#gone">', "#gone has no such anchor"),
        ('<script src="https://cdn.example.com/a.js"></script>', "would be loaded from another server"),
        ('<link rel="stylesheet" href="//cdn.example.com/a.css">', "would be loaded from another server"),
        ('<img src="gone.png">', "gone.png leads nowhere"),
    ],
)
def test_a_link_that_is_wrong_is_found(tmp_path: Path, line: str, fault: str) -> None:
    (tmp_path / "there.html").write_text('<p id="here">', encoding="utf-8")
    (tmp_path / "page.html").write_text(line, encoding="utf-8")
    (found,) = faults(tmp_path)
    assert fault in found


def test_a_link_that_is_right_is_passed(tmp_path: Path) -> None:
    links = (
        '<a href="there.html#here"><a href="#a"><a id="a" href="https://example.com/"><a href="mailto:a@example.com">'
    )
    (tmp_path / "there.html").write_text('<p id="here">', encoding="utf-8")
    (tmp_path / "page.html").write_text(links, encoding="utf-8")
    assert faults(tmp_path) == []
