"""Each function of a .sh file has a test that is named after it, in the module that is named after the file."""

import ast
import re
from pathlib import Path

import pytest

import preflight

PACKAGE = Path(preflight.__file__).parent
FILES = sorted(PACKAGE.rglob("*.sh"))
_FUNCTION = re.compile(r"^([a-z_]+)\(\) *\{", re.MULTILINE)


def functions(path: Path) -> list[str]:
    return _FUNCTION.findall(path.read_text(encoding="utf-8"))


def named_after(path: Path) -> list[str]:
    """Return the tests under each shell in the modules that are named after a file."""
    return [
        node.name
        for module in Path(__file__).parent.glob(f"test_{path.stem}*.py")
        for node in ast.parse(module.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and {"host", "sh"} & {one.arg for one in node.args.args}
    ]


@pytest.mark.parametrize(
    ("path", "function"),
    [(path, function) for path in FILES for function in functions(path)],
    ids=lambda one: one.name if isinstance(one, Path) else one,
)
def test_each_function_is_tested_under_both_shells(path: Path, function: str) -> None:
    assert any(name == f"test_{function}" or name.startswith(f"test_{function}_") for name in named_after(path))


def test_the_functions_are_found() -> None:
    assert sum(len(functions(path)) for path in FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_says_what_it_is_for_and_no_host_is_told(path: Path) -> None:
    from preflight.shell_text import of_file

    head, _, rest = path.read_text(encoding="utf-8").partition("\n\n")
    assert head.splitlines()[0] == "# shellcheck shell=sh"
    assert re.fullmatch(r"# [A-Z].*", head.splitlines()[1])
    sent = of_file(path)
    assert "shellcheck" not in sent
    assert [line for line in rest.splitlines() if "# shellcheck" not in line] == sent.splitlines()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_shellcheck_is_not_to_say_has_its_reason(path: Path) -> None:
    for line in re.findall(r"# shellcheck disable=.*", path.read_text(encoding="utf-8")):
        assert re.fullmatch(r"# shellcheck disable=SC\d{4} # \S.*", line)
