"""Habits of the sources that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: The command line is written anew.
LEFT_OUT = ROOT / "preflight" / "cli"
SOURCES = [
    path
    for folder in ("preflight", "rules", "tests", "tools")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.is_relative_to(LEFT_OUT)
]


def starred_displays(text: str) -> list[int]:
    """The lines with a `*(a, b),`, which keeps values on one line that the formatter would part."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple | ast.List)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_values_are_kept_on_one_line_by_a_star(path: Path) -> None:
    assert not starred_displays(path.read_text(encoding="utf-8"))


def test_a_star_before_a_display_is_found() -> None:
    assert starred_displays("a = (*b, *(c for c in d))\nf(*(1, 2), *[3])") == [2, 2]
