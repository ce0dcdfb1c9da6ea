"""Files that somebody else has put there: none changes a verdict, and none runs anything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rule_files import write_rule
from tests.unit.cli.at_work import GONE, RULE, home, needs_root, own_directory, run

__all__ = ["home", "own_directory", "run"]

WAIVER = f'[[waiver]]\nrule = "{RULE}"\nhosts = ["*"]\nreason = "planted"\nexpires = 9999-12-31\n'
IGNORE = f'ignore = ["{RULE}"]\n'
LOWERED = f'severity = {{ {RULE} = "info" }}\n'
NEVER = 'fail-on = "never"\n'
ANOTHER = 1234


def put(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def give(path: Path) -> None:
    """Give a file or a link to another user."""
    os.chown(path, ANOTHER, -1, follow_symlinks=False)


def code_in(home: Path) -> Path:
    """Write a rule that leaves a mark when it is run, and return its directory."""
    body = (
        f'import pathlib\npathlib.Path("{home}/ran").touch()\n\n\n@rule(Severity.INFO)\n'
        "def check(source: Versions) -> Findings:\n    yield from ()\n"
    )
    write_rule(home / "work/hosts/rules.d", "planted", body)
    return home / "work/hosts/rules.d"


def _in_a_shared_directory(home: Path) -> None:
    put(home / "work/preflight.toml", IGNORE)
    (home / "work").chmod(0o777)


def _of_another_in_tmp(home: Path) -> None:
    give(put(home / "work/preflight.toml", WAIVER))
    (home / "work").chmod(0o1777)


def _link_of_another_in_tmp(home: Path) -> None:
    put(home / "site.toml", IGNORE)
    (home / "work/preflight.toml").symlink_to(home / "site.toml")
    give(home / "work/preflight.toml")
    (home / "work").chmod(0o1777)


def _second_name_in_tmp(home: Path) -> None:
    put(home / "site.toml", IGNORE)
    os.link(home / "site.toml", home / "work/preflight.toml")
    (home / "work").chmod(0o1777)


def _below_anothers_directory(home: Path) -> None:
    put(home / "work/preflight.toml", WAIVER)
    give(home / "work")


def _link_into_a_shared_directory(home: Path) -> None:
    put(home / "open/site.toml", IGNORE)
    (home / "open").chmod(0o777)
    (home / "work/preflight.toml").symlink_to(home / "open/site.toml")


def _extended(home: Path) -> None:
    site = put(home / "open/site.toml", IGNORE, 0o666)
    put(home / "work/preflight.toml", f'extend = "{site}"\n')


def _users_own_directory(home: Path) -> None:
    put(home / ".config/preflight/config.toml", WAIVER)
    (home / ".config/preflight").chmod(0o777)


def _code(home: Path) -> None:
    code_in(home)
    put(home / "work/hosts/preflight.toml", 'rules = ["rules.d"]\n')


def _extended_code(home: Path) -> None:
    code_in(home)
    site = put(home / "site.toml", 'rules = ["work/hosts/rules.d"]\n')
    put(home / "work/preflight.toml", f'extend = "{site}"\n')


def _rules_alone(home: Path) -> None:
    code_in(home)


def _users_rules(home: Path) -> None:
    rules = code_in(home)
    put(home / ".config/preflight/config.toml", f'rules = ["{rules}"]\n')
    (rules / "site/__pycache__").mkdir()
    (rules / "site/__pycache__").chmod(0o777)


def _pack_alone(home: Path) -> None:
    """Put a pack where `python -m` would import from."""
    code_in(home).rename(home / "work/hosts/planted_pack")
    put(home / "work/hosts/planted_pack/__init__.py", "")
    put(home / "work/hosts/planted-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: planted\nVersion: 1\n")
    put(home / "work/hosts/planted-1.dist-info/entry_points.txt", "[preflight.rules]\nplanted = planted_pack\n")


def _pack(home: Path) -> None:
    _pack_alone(home)
    put(home / "work/hosts/preflight.toml", 'packs = ["planted"]\n')


def _users_pack(home: Path) -> None:
    """Put a pack there that the user's own file names, but that is not installed."""
    _pack_alone(home)
    put(home / ".config/preflight/config.toml", 'packs = ["planted"]\n')


def _others_can_write(text: str, name: str = "preflight.toml") -> Callable[[Path], None]:
    def plant(home: Path) -> None:
        put(home / "work/hosts" / name, text, 0o666)

    return plant


IGNORED, REFUSED = 1, 2
#: Ways of planting a file, each with the exit code of a check that would be 1 without it.
WAYS: dict[str, tuple[Callable[[Path], None], int]] = {
    "a waiver in a file that others can write": (_others_can_write(WAIVER), REFUSED),
    "an ignored rule in a file that others can write": (_others_can_write(IGNORE), REFUSED),
    "a lowered severity in a file that others can write": (_others_can_write(LOWERED), REFUSED),
    "a gate that never fails in a file that others can write": (_others_can_write(NEVER), REFUSED),
    "a table of pyproject.toml that others can write": (
        _others_can_write(f"[tool.preflight]\n{IGNORE}", "pyproject.toml"),
        REFUSED,
    ),
    "a file in a parent that others can write": (_in_a_shared_directory, REFUSED),
    "a link into a directory that others can write": (_link_into_a_shared_directory, REFUSED),
    "a second name of a file, in a directory like /tmp": (_second_name_in_tmp, REFUSED),
    "a file that extends one that others can write": (_extended, REFUSED),
    "the user's own file, in a directory that others can write": (_users_own_directory, REFUSED),
    "rules named by a file in the working directory": (_code, REFUSED),
    "rules named by a file that one in a parent extends": (_extended_code, REFUSED),
    "rules.d in the working directory": (_rules_alone, IGNORED),
    "compiled files among the user's rules": (_users_rules, REFUSED),
    "a pack in the working directory": (_pack_alone, IGNORED),
    "a pack named by a file in the working directory": (_pack, REFUSED),
    "a pack in the working directory that the user's file names": (_users_pack, REFUSED),
}
WAYS_OF_ANOTHER: dict[str, Callable[[Path], None]] = {
    "a file in a directory like /tmp": _of_another_in_tmp,
    "a link in a directory like /tmp": _link_of_another_in_tmp,
    "a file below a directory of another user": _below_anothers_directory,
}


def nothing_happened(home: Path, outcome: tuple[int, str, str], expected: int) -> None:
    code, out, said = outcome
    assert code == expected, said
    assert ("NOT READY" in out) if code == IGNORED else (out == "" and len(said.splitlines()) == 1)
    assert not (home / "ran").exists()
    (home / "work").chmod(0o700)


@pytest.mark.parametrize("way", WAYS)
def test_a_planted_file_changes_no_verdict_and_runs_nothing(home: Path, run: Any, way: str) -> None:
    plant, expected = WAYS[way]
    plant(home)
    nothing_happened(home, run("check", *GONE, "--select", RULE), expected)


@needs_root
@pytest.mark.parametrize("way", WAYS_OF_ANOTHER)
def test_a_file_of_another_user_changes_no_verdict(home: Path, run: Any, way: str) -> None:
    WAYS_OF_ANOTHER[way](home)
    nothing_happened(home, run("check", *GONE, "--select", RULE), REFUSED)


@pytest.mark.parametrize("way", ["rules.d", "waiver"])
def test_the_same_files_count_if_the_user_names_them(home: Path, run: Any, way: str) -> None:
    if way == "waiver":
        put(home / "work/hosts/preflight.toml", WAIVER)
        assert run("check", *GONE, "--select", RULE)[0] == 0
    else:
        code_in(home)
        assert run("check", *GONE, "--select", RULE, "--rules", "rules.d")[0] == 1
        assert (home / "ran").exists()


@pytest.mark.parametrize("named", [False, True])
def test_python_m_imports_nothing_from_the_working_directory(home: Path, *, named: bool) -> None:
    _pack_alone(home)
    put(home / "work/hosts/tomllib.py", f'open("{home}/ran", "w")\n')
    shutil.copy(home / "work/hosts/tomllib.py", home / "work/hosts/jinja2.py")
    words = ["--format", "html", *(["--pack", "planted"] if named else [])]
    done = subprocess.run(
        [sys.executable, "-m", "preflight", "check", *GONE, "--select", RULE, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (REFUSED if named else IGNORED), done.stderr
    assert not (home / "ran").exists()
    assert not named or done.stderr.startswith("preflight: there is no installed pack 'planted'")
