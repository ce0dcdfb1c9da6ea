"""The manual page is one that man and mandoc accept, and names every command, option and variable."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from preflight.request.settings import every, variable
from tests.contracts.test_pages import COMMANDS
from tools.documentation import DOCS
from tools.roff import escaped, roff, section

ROOT = Path(__file__).parents[2]
PAGE = DOCS / "preflight.1"
TEXT = PAGE.read_text(encoding="utf-8")
#: Variables of the programs that a test or a library reads, and those that only the shell's completion sets.
_ELSEWHERE = {"COMP_WORDS", "_TYPER_COMPLETE_ARGS", "_PREFLIGHT_COMPLETE", "LIBVIRT_DEBUG", "PYDANTIC_DISABLE_PLUGINS"}


def _accepted(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8", **PATH})
    return done.stderr + ("" if command[0] == "man" else done.stdout)


PATH = {"PATH": "/usr/bin:/bin"}


def test_man_formats_it_without_a_warning() -> None:
    assert _accepted("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(PAGE)) == ""


def test_mandoc_has_no_warning() -> None:
    assert _accepted("mandoc", "-Tlint", "-W", "warning", str(PAGE)) == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_described(command: str) -> None:
    assert f".SS preflight {command}\n" in TEXT
    assert f"\n{command}:\n.RS" in TEXT, "examples"
    long = [one for one in COMMANDS[command] if one.startswith("--")]
    assert [one for one in long if not re.search(rf"{re.escape(escaped(one))}(?!\w|\\-)", TEXT)] == []


def test_every_variable_that_the_code_reads_is_documented() -> None:
    read = {
        name
        for path in (ROOT / "preflight").rglob("*.py")
        for name in re.findall(
            r"""environ(?:\.get\(|\[|\.setdefault\()\s*["'](\w+)|["'](\w+)["'] in os\.environ""", path.read_text()
        )
        for name in name
        if name
    }
    assert {"NO_COLOR", "COLUMNS", "XDG_STATE_HOME", "PREFLIGHT_TRACEBACK"} <= read
    told = (DOCS / "environment.md").read_text(encoding="utf-8")
    assert sorted(name for name in read - _ELSEWHERE if f"`{name}`" not in told) == []
    settings = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert [one for key in every() if "." not in key and (one := variable(key)) not in settings] == []


def test_markdown_becomes_macros_and_no_text_becomes_a_request() -> None:
    table = "| k | v |\n| --- | --- |\n| 'a | b\\c |\n"
    page = f"# A\n\n## B\n\n.so x [y](z.md), `-a`\n\n{table}\n```\n.x\n```\n\n## C\n\nno\n"
    assert roff(section(page, "B")) == ("\\&.so x y, \\fB\\-a\\fR\n.TP\n\\(aqa\nb\\ec\n.RS 4\n.nf\n\\&.x\n.fi\n.RE\n")


def test_a_heading_that_is_gone_and_markdown_that_has_no_macro_are_refused() -> None:
    with pytest.raises(ValueError, match="no heading"):
        section("# A\n", "B")
    with pytest.raises(KeyError):
        roff("> a quotation\n")
