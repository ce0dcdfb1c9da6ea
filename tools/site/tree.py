"""The source of the site: the Markdown pages as they are read on a forge, at the paths and in the order of the site.

The navigation is that of the READMEs: each heading of docs/README.md with a table is a part of the site, and the pages
that a README's tables link to are the pages below it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent.parent
DOCS = PurePosixPath("docs")

#: Pages that are not in docs/, with their paths on the site.
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing/start.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
    "examples/pack/README.md": "contributing/example-pack.md",
}
#: Files that the site offers as they are.
FILES = ("docs/*.schema.json", "docs/preflight.1", "LICENSE")
#: The scheme of a link to such a file, which Sphinx would otherwise take for a page that is missing.
FILE_SCHEME = "file"

_LINK = re.compile(r"\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
_ROW = re.compile(r"^\| *\[[^\]]+\]\((?P<path>[^)\s#:]+\.md)\)", re.MULTILINE)
_PART = re.compile(r"^## (?P<title>.+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Tree:
    """The pages by their paths on the site, and the files that are copied, with the paths in the repository."""

    pages: Mapping[str, str]
    files: Mapping[str, Path]


def tree(root: Path = ROOT) -> Tree:
    """Return the site's source."""
    origins = _origins(root)
    places = {origin: place for place, origin in origins.items()}
    files = {_place(path.relative_to(root)): path for pattern in FILES for path in sorted(root.glob(pattern))}
    pages = {}
    for place, origin in origins.items():
        text = (root / origin).read_text(encoding="utf-8")
        pages[place] = _linked(text, PurePosixPath(origin), place, places, files)
    start = pages.pop("index.md")
    return Tree({**_with_children(pages), **_parts(start, pages)}, files)


def _origins(root: Path) -> dict[str, str]:
    """Return the path in the repository of each page, by its path on the site."""
    own = [path.relative_to(root) for path in sorted((root / DOCS).rglob("*.md"))]
    return {_place(path): path.as_posix() for path in own} | {place: origin for origin, place in ELSEWHERE.items()}


def _place(path: Path) -> str:
    inside = path.relative_to(DOCS) if path.is_relative_to(DOCS) else path
    return (inside.with_name("index.md") if inside.name == "README.md" else inside).as_posix()


def _linked(text: str, origin: PurePosixPath, place: str, places: Mapping[str, str], files: Mapping[str, Path]) -> str:
    """Return the page with its links as they are on the site; links to what is not there stay, for Sphinx to refuse."""

    def linked(match: re.Match[str]) -> str:
        meant = os.path.normpath(origin.parent / match["path"])
        there = places.get(meant) or _place(Path(meant))
        if there not in places.values() and there not in files:
            return match[0]
        scheme = f"{FILE_SCHEME}:" if there in files else ""
        path = os.path.relpath(there, PurePosixPath(place).parent)
        return f"]({scheme}{path}{match['anchor'] or ''})"

    return _LINK.sub(linked, text)


def _with_children(pages: Mapping[str, str]) -> Mapping[str, str]:
    """Return the pages, each index with the pages below it."""
    return {
        place: text + _toctree(_children(text)) if PurePosixPath(place).name == "index.md" else text
        for place, text in pages.items()
    }


def _children(text: str) -> list[str]:
    """Return the pages that the first cells of a page's tables link to."""
    return [match["path"].removesuffix(".md") for match in _ROW.finditer(text)]


def _parts(start: str, pages: Mapping[str, str]) -> dict[str, str]:
    """Return the first page, and a page for each of its parts, unless the part is a single page."""
    found: dict[str, str] = {}
    top = []
    for title, text in _sections(start):
        children = _children(text)
        name = children[0] if len(children) == 1 else title.lower().replace(" ", "-")
        top.append(name)
        if f"{name}.md" not in pages:
            found[f"{name}.md"] = f"# {title}\n\n{text}{_toctree(children)}"
    return found | {"index.md": start + _toctree(top)}


def _sections(text: str) -> Iterator[tuple[str, str]]:
    _, *rest = _PART.split(text)
    return zip(rest[::2], rest[1::2], strict=True)


def _toctree(entries: list[str]) -> str:
    return "\n".join(("\n```{toctree}", ":hidden:", ":titlesonly:", "", *entries, "```", ""))
