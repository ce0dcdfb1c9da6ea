"""The files of examples/gates are those that were last run, and every test of them passed."""

import ast
import json
from pathlib import Path

from tests.gates.recorded import FILE, digest

RECORD = json.loads(FILE.read_text(encoding="utf-8"))
GATES = Path(__file__).parents[1] / "gates"


def test_the_files_are_those_that_were_run() -> None:
    assert RECORD["digest"] == digest(), "run `make gates` again, and commit tests/gates/recorded.json"


def test_every_test_of_the_gates_was_run_and_passed() -> None:
    wanted = {
        f"{path.name}::{node.name}"
        for path in GATES.glob("run_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert {name.partition("[")[0] for name in RECORD["tests"]} == wanted
    assert set(RECORD["tests"].values()) == {"passed"}
