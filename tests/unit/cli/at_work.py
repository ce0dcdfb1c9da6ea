"""A user who works in a directory of their own, and the command lines that they run, in this process."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from preflight import config
from preflight.cli.app import run as run_in_process
from tests.case import RECORDED
from tests.own_directory import own_directory

__all__ = ["GONE", "RULE", "home", "needs_root", "own_directory", "run"]

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
GONE = tuple(str(RECORDED / "hosts-line-gone" / f"{name}.json") for name in ("host1", "host2"))
#: The rule that finds what is wrong with these hosts.
RULE = "announced-name-unresolvable"


@pytest.fixture(autouse=True)
def home(own_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home directory of a user who works in work/hosts."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own_directory / ".config"))
    monkeypatch.setattr(config, "OF_SYSTEM", own_directory / "etc/config.toml")
    (own_directory / "work/hosts").mkdir(parents=True)
    monkeypatch.chdir(own_directory / "work/hosts")
    return own_directory


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line in this process; returns its exit code, standard output and standard error."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["preflight", *arguments])
        return (run_in_process(), *capsys.readouterr())

    return ran
