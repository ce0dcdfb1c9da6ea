"""The architecture holds: each layer imports only those below it, and every module lies in one."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, also within its functions and for types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


def test_the_contracts_hold() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
    assert re.search(r"Contracts: \d+ kept, 0 broken\.", linted.stdout)


LAYERS = [contract for contract in CONTRACTS if contract["type"] == "layers"]


@pytest.mark.parametrize("contract", LAYERS, ids=lambda contract: contract["name"])
def test_the_layers_are_exhaustive_and_nothing_is_excused(contract: dict[str, Any]) -> None:
    assert contract["exhaustive"] is True
    assert not {"exhaustive_ignores", "ignore_imports"} & contract.keys()
    (container,) = contract["containers"]
    room = ROOT / container.replace(".", "/")
    named = {name.strip() for layer in contract["layers"] for name in re.split(r"[|:]", layer)}
    modules = {path.stem for path in room.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in room.glob("*/__init__.py")}
    assert named == modules | packages


def test_the_whole_program_and_its_facts_are_layered() -> None:
    assert [contract["containers"] for contract in LAYERS] == [["preflight"], ["preflight.facts"]]


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*/*.py")), ids=lambda path: path.stem)
def test_a_rule_imports_only_what_a_rule_may(path: Path) -> None:
    subjects = {f"preflight.facts.{room.parent.name}" for room in (ROOT / "preflight" / "facts").glob("*/__init__.py")}
    allowed = {"preflight.rule", "preflight.host", "preflight.facts", *subjects}
    for module in imported(path):
        standard = module.partition(".")[0] in sys.stdlib_module_names
        assert standard or module in allowed, module
        assert module.partition(".")[0] not in {"os", "subprocess", "socket", "pathlib", "libvirt", "augeas", "sys"}


def test_facts_and_rules_reach_no_host() -> None:
    reaching = {"subprocess", "socket", "libvirt", "preflight.connection"}
    for path in (*(ROOT / "preflight" / "facts").rglob("*.py"), *(ROOT / "rules").rglob("*.py")):
        assert not imported(path) & reaching, path


@pytest.mark.parametrize("package", ["preflight", "rules", "tools"])
def test_nothing_but_tests_imports_tests(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not {name for name in imported(path) if name.partition(".")[0] == "tests"}, path
