"""The documents are correct: their links work, README is short, and preflight prints the output that they show."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer
from typer.testing import CliRunner

from preflight.cli.app import with_commands
from preflight.request.options import declared, option_name
from tests.documentation import REFERENCES as RECORDED
from tests.lab.tutorial import PAGE as TUTORIAL
from tests.lab.tutorial import WIDTH
from tools.documentation import REFERENCE, REFERENCES, publish

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LONGEST_README = 6000
LONGEST_CHANGE = 120

_FENCE = re.compile(r"^ *(```+).*?^ *\1 *$\n?", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)+", re.MULTILINE)
_CODE = re.compile(r"(`+).*?\1", re.DOTALL)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]*)>?[^)]*\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]: *(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?) *#* *$", re.MULTILINE)


def without_code(text: str) -> str:
    """Return a page without its blocks of code."""
    return _INDENTED.sub("", _FENCE.sub("", text))


def links(text: str) -> Iterator[str]:
    """Return the targets of a page's links, except for those to other sites."""
    prose = without_code(text)
    for link in (*_LINK.findall(_CODE.sub("code", prose)), *_REFERENCE.findall(prose)):
        if not re.match(r"[a-z][a-z0-9+.-]*:", link):
            yield unquote(link)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as repository hosts make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(without_code(text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (unique := anchor if not number else f"{anchor}-{number}") in found:
            number += 1
        found.add(unique)
    return found


def _anchors_of(page: Path) -> set[str]:
    return anchors(page.read_text(encoding="utf-8")) if page.suffix == ".md" else set()


def dead(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        there = target.exists() and target.is_relative_to(ROOT if page.is_relative_to(ROOT) else page.parent)
        if not there or (anchor and anchor not in _anchors_of(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead(page) == []


@pytest.mark.parametrize(
    "line", ["[x](gone.md)", "[x](there.md#gone)", "[x](#gone)", "[a `b` [c]](../etc)", "[x]: gone.md", "[x](a.txt#b)"]
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "there.md").write_text("# There\n", encoding="utf-8")
    (tmp_path / "a.txt").touch()
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{line}\n", encoding="utf-8")
    assert dead(page)


@pytest.mark.parametrize(
    "line",
    [
        "[x](there.md)",
        "[x](there.md#what---apply-does)",
        "[x](there.md#twice-1)",
        "[x](#page)",
        "[x](https://example.com/gone)",
        "`[x](gone.md)`",
        "```\n[x](gone.md)\n```",
        "text\n\n    [x](gone.md)",
    ],
)
def test_a_link_that_leads_somewhere_or_is_none_is_passed(tmp_path: Path, line: str) -> None:
    (tmp_path / "there.md").write_text("## What `--apply` does\n\n## Twice\n\n## Twice\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{line}\n", encoding="utf-8")
    assert dead(page) == []


def test_every_page_is_reached_from_readme() -> None:
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            text = page.read_text(encoding="utf-8")
            waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(text) if link[0] != "#"]
    assert set(PAGES) <= reached


def test_readme_is_short() -> None:
    assert len(README.read_bytes()) <= LONGEST_README


def test_the_finding_in_readme_is_one_that_preflight_prints() -> None:
    shown = re.search(
        r"^```\n\$ preflight check [^\n]*\n\.\.\.\n(.*?)\.\.\.\n```$", README.read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    printed = ROOT / "tests" / "golden" / "cases" / "hosts-line-gone.columns-80"
    assert shown[1] in printed.read_text(encoding="utf-8")


def blocks(page: Path) -> Iterator[str]:
    """Yield the blocks of code of a page, without their fences."""
    for block in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield block[0].strip("\n").partition("\n")[2].rpartition("\n")[0]


#: Commands whose output is shown and can be had without a host: of recorded hosts, and of the rules.
SHOWN = [
    pytest.param(command, shown, WIDTH if page == TUTORIAL else None, id=f"{page.name}: {' '.join(command[:2])}")
    for page in PAGES
    for block in blocks(page)
    if block.startswith(("$ preflight explain ", "$ preflight rules")) or "tests/cases/" in block.partition("\n")[0]
    for command, shown in [(shlex.split(block.partition("\n")[0])[2:], block.partition("\n")[2])]
]


@pytest.mark.parametrize(("command", "shown", "columns"), SHOWN)
def test_what_a_page_shows_is_what_the_command_prints(
    command: list[str], shown: str, columns: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    output = CliRunner().invoke(with_commands(), command).stdout
    assert shown
    at = 0
    for part in re.split(r"^\.\.\.\n?", f"{shown}\n", flags=re.MULTILINE):
        assert part in output[at:], part
        at = output.index(part, at) + len(part)


def test_outputs_are_shown_and_compared() -> None:
    assert len(SHOWN) >= 5


TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMANDS = {
    name: {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    for name, command in typer.main.get_command(with_commands()).commands.items()  # type: ignore[attr-defined]  # a group
}
_OF_MIGRATIONS = {option_name(name) for name in declared()}


def _has(option: str, texts: str) -> bool:
    return re.search(rf"{re.escape(option)}(?![\w-])", texts) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_in_help_is_documented(command: str) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    long = [option for option in COMMANDS[command] if option.startswith("--")]
    assert [option for option in long if not _has(option, pages)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_in_help_is_tested(command: str) -> None:
    """Options of a migration are tested by their declaration: see tests/unit/request/test_options.py."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    own = [option for option in COMMANDS[command] if option.startswith("--") and option not in _OF_MIGRATIONS]
    assert [option for option in own if not _has(option, sources)] == []


def invented(text: str) -> list[str]:
    """The targets of make, and the commands and options of preflight, that code on a page names and that are none."""
    code = [match[0] for match in (*_FENCE.finditer(text), *_CODE.finditer(_FENCE.sub("", text)))]
    found = []
    for piece in code:
        found += [
            f"make {one}"
            for one in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", piece, re.MULTILINE)
            if one not in TARGETS
        ]
        for command, rest in re.findall(
            r"(?:^|[$`/]|-- )\s*(?:\S*/)?preflight ([a-z]+)([^`\n#]*)", piece, re.MULTILINE
        ):
            if command not in COMMANDS:
                found.append(f"preflight {command}")
            else:
                options = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest))
                found += [f"preflight {command} {one}" for one in sorted(options - COMMANDS[command] - {"--help"})]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    assert invented(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "`make everything`",
        "```\n$ preflight chekc a b\n```",
        "```\npreflight check a b --peer\n```",
        "`preflight fix -z`",
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert invented(line)


def test_each_change_is_one_line() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    changes = text.partition("## ")[2].splitlines()[1:]
    assert [line for line in changes if (line and not line.startswith(("- ", "#"))) or len(line) > LONGEST_CHANGE] == []


def test_a_page_of_a_rule_that_is_gone_is_stale_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, gone = tmp_path / "kept.md", tmp_path / "gone.md"
    kept.write_text("kept", encoding="utf-8")
    gone.write_text("gone", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["documentation", "--check"])
    assert publish({kept: "kept"}, "tools.documentation", (tmp_path,)) == 1
    assert f"{gone} is stale" in capsys.readouterr().err
    assert gone.exists()
    monkeypatch.setattr("sys.argv", ["documentation"])
    assert publish({kept: "kept"}, "tools.documentation", (tmp_path,)) == 0
    assert not gone.exists()
    monkeypatch.setattr("sys.argv", ["documentation", "--check"])
    assert publish({kept: "kept"}, "tools.documentation", (tmp_path,)) == 0


def test_every_reference_is_generated() -> None:
    assert set(REFERENCE.iterdir()) == REFERENCES.keys() | RECORDED.keys()


def test_a_page_that_differs_or_is_missing_is_out_of_date_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.md", tmp_path / "further" / "new.md"
    old.write_text("as it was", encoding="utf-8")
    documents = {old: "as it is", new: "new"}
    monkeypatch.setattr("sys.argv", ["documentation", "--check"])
    assert publish(documents, "tools.documentation") == 1
    said = capsys.readouterr().err
    assert f"{old} is out of date" in said
    assert f"{new} is out of date" in said
    assert old.read_text(encoding="utf-8") == "as it was"
    monkeypatch.setattr("sys.argv", ["documentation"])
    assert publish(documents, "tools.documentation") == 0
    assert (old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8")) == ("as it is", "new")
