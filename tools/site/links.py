"""The links of the built site: each leads to a file and an anchor that are there, and nothing loads another site."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes of which a browser fetches the value by itself, by element.
_LOADED = {"img": "src", "script": "src", "iframe": "src", "link": "href", "source": "src"}


class _Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element's anchor and link."""
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if (loaded := given.get(_LOADED.get(tag, ""))) and given.get("rel") != "canonical":
            self.loads.append(loaded)


def faults(site: Path) -> list[str]:
    """Return each dead link of the built pages, and each file that they would load from elsewhere."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found: dict[str, list[Path]] = defaultdict(list)
    for path, page in pages.items():
        for fault in _faults(path, page, pages):
            found[fault].append(path)
    return [f"{paths[0].relative_to(site)} (and {len(paths) - 1} more): {fault}" for fault, paths in found.items()]


def _faults(path: Path, page: _Page, pages: Mapping[Path, _Page]) -> Iterator[str]:
    for link in (*page.links, *page.loads):
        parts = urlsplit(link)
        if parts.scheme in {"http", "https"} or parts.netloc:
            if link in page.loads:
                yield f"{link} would be loaded from another server"
            continue
        if parts.scheme:  # data:, mailto:
            continue
        there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not there.is_file():
            yield f"{link} leads nowhere"
        elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].anchors:
            yield f"{link} has no such anchor"
