"""Habits of the sources that no linter knows."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for folder in ("preflight", "rules", "tests", "tools") for path in sorted((ROOT / folder).rglob("*.py"))
]


def starred_displays(text: str) -> list[int]:
    """Return the lines with a `*(a, b),`, which keeps values on one line that the formatter would part."""
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


FOLDERS = ("preflight", "tests", "tools")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
} | {folder: ROOT / folder for folder in FOLDERS}
DOCUMENTS = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), ROOT / "Makefile", *(ROOT / "preflight").rglob("*.sh")]
ROOMS = sorted(path.parent.name for path in (ROOT / "preflight").glob("*/__init__.py"))
#: A module's name from its folder on, and in backticks from its room on, perhaps with what it defines.
WHOLE = re.compile(rf"(?<![\w/.@\"'])(?:{'|'.join(FOLDERS)})(?:\.(?!(?:toml|yml|html|test\.yml|tar\.gz)\b)[a-z_]\w*)+")
WITHIN = re.compile(rf"(?<=`)(?:{'|'.join(ROOMS)})(?:\.[a-z_]\w*)+(?:\.[A-Z]\w*)?(?=[`(])")
FILE = re.compile(rf"(?<![\w.*$}}/-])(?:(?:{'|'.join(FOLDERS)}|rules|docs)/[\w./-]*\w|(?:[\w]+/)*\w+\.(?:py|sh))\b")
#: Files of examples, and of others' sources.
ELSEWHERE = {
    "some.py",
    "site/of_our_own.py",
    "docs/interop/qcow2.txt",
    "tests/cases/CASE",
    "DIR/SUBJECT/RULE.py",
    "SUBJECT/RULE.py",
    "tests/test_RULE.py",
    "preflight/config.toml",
    "tests/lab/test_",
    "preflight/lint",
    "preflight/audit",
}


#: Tests of rules of a site's own, which name the files that they write.
OF_SITES = {
    ROOT / "tests/unit" / name
    for name in ("cli/test_planted.py", "commands/test_rules.py", "judge/test_packs.py", "judge/test_lint.py")
}


def prose(path: Path) -> Iterator[str]:
    """Return the text of a file for its readers: comments and strings of a module, all of a document."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.string


def is_there(name: str) -> bool:
    """Report whether a dotted name is that of a module, or of a name in one."""
    module, _, rest = name, "", ""
    while module not in MODULES:
        module, _, last = module.rpartition(".")
        rest = f"{last}.{rest}"
    first = rest.partition(".")[0]
    return not first or (MODULES[module].is_file() and first in MODULES[module].read_text(encoding="utf-8"))


def gone(path: Path) -> list[str]:
    """Return the names of modules and files in a text that nothing bears."""
    found = []
    for text in prose(path):
        found += [name for name in WHOLE.findall(text) if not is_there(name)]
        found += [name for name in WITHIN.findall(text) if not is_there(f"preflight.{name}")]
        for name in FILE.findall(text):
            near = any((folder / name).exists() for folder in (ROOT, path.parent, ROOT / "preflight"))
            if not (near or name in ELSEWHERE or next(ROOT.glob(f"*/**/{name}"), None)):
                found.append(name)
    return found


def test_no_text_names_a_module_that_is_gone() -> None:
    read = {*SOURCES, *DOCUMENTS} - {Path(__file__), *OF_SITES}
    named = {path.relative_to(ROOT).as_posix(): gone(path) for path in read}
    assert {path: names for path, names in named.items() if names} == {}


@pytest.mark.parametrize(
    "remark",
    ["as preflight.mover has it", "see `migrate.intent.Act`", "after tests/lab/gone.py", "beside no_such.sh, of it"],
)
def test_a_module_that_is_gone_is_found(tmp_path: Path, remark: str) -> None:
    (tmp_path / "a.py").write_text(f"# {remark}\n", encoding="utf-8")
    assert gone(tmp_path / "a.py")


@pytest.mark.parametrize(
    "remark", ["as preflight.migrate.decide has it", "see `collect.session.LiveVisit`", "tests/case.py", "questions.sh"]
)
def test_a_module_that_is_there_is_none(tmp_path: Path, remark: str) -> None:
    (tmp_path / "a.py").write_text(f"# {remark}\n", encoding="utf-8")
    assert not gone(tmp_path / "a.py")
