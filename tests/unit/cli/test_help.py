"""The pages of `--help`: whole sentences in any terminal, commands by what they are for, and examples that work."""

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from preflight.__main__ import hosts_of
from preflight.cli.app import every_command, with_commands
from preflight.cli.app import run as run_in_process
from preflight.cli.help_page import Purpose
from preflight.connection import snapshot
from preflight.evacuate import record as records
from preflight.migrate.journal import Journal
from preflight.output import formats
from preflight.plan import file as plan_file
from tests.case import RECORDED, Case
from tests.files import written
from tests.unit.evacuate.records import RECORD
from tests.unit.migrate.plans import PLAN, altered

BIN = Path(sys.executable).parent
EXAMPLE_PACK = Path(__file__).parents[3] / "examples/pack/preflight_example"
NAMES = [one.__name__ for one in every_command()]


def shown(*arguments: str, columns: int = 80) -> list[str]:
    """Return the lines of a page, in a terminal of that width."""
    text = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(text):
        patch.setattr(sys, "argv", ["preflight", *arguments])
        patch.setenv("COLUMNS", str(columns))
        assert run_in_process() == 0
    return text.getvalue().splitlines()


def test_commands_are_listed_by_what_they_are_for() -> None:
    lines = shown("--help")
    listed: dict[str, list[str]] = {}
    for line in lines[: lines.index("Options:")]:
        if line.endswith(":"):
            listed[line[:-1]] = []
        elif listed and line[2:3].isalpha():
            listed[list(listed)[-1]].append(line.split()[0])
    assert listed == {
        Purpose.LOOK: ["check", "lint", "audit", "capacity", "snapshot", "nagios", "doctor"],
        Purpose.PLAN: ["plan", "fix"],
        Purpose.ACT: ["rehearse", "migrate", "evacuate", "steer"],
        Purpose.LOOK_UP: ["show", "diff", "status", "rules", "explain", "waivers", "config"],
    }


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_each_command_has_a_whole_sentence(columns: int) -> None:
    page = " ".join(" ".join(shown("--help", columns=columns)).split())
    assert "..." not in page.partition("COMMAND [ARGS]...")[2]
    for one in every_command():
        sentence = " ".join((one.__doc__ or "").partition("\n\n")[0].split())
        assert sentence.endswith(".")
        assert f"{one.__name__} {sentence}" in page


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", [[], *([name] for name in NAMES)], ids=lambda words: " ".join(words) or "preflight")
def test_no_line_is_wider_than_the_terminal(command: list[str], columns: int) -> None:
    assert [line for line in shown(*command, "--help", columns=columns) if len(line) > columns] == []


@pytest.mark.parametrize("command", [[], *([name] for name in NAMES)], ids=lambda words: " ".join(words) or "preflight")
def test_h_is_short_for_help(command: list[str]) -> None:
    assert shown(*command, "-h") == shown(*command, "--help")


def test_h_is_help_for_the_command_as_it_is_installed() -> None:
    done = subprocess.run([BIN / "preflight", "-h"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--help" in done.stdout


def test_no_login_begins_for_help() -> None:
    assert hosts_of(("check", "a", "b"))
    assert hosts_of(("rehearse", "a", "b", "web"))
    assert not hosts_of(("check", "a", "b", "-h"))
    assert not hosts_of(("check", "a", "b", "--help"))


EXAMPLES = [(one.__name__, line) for one in every_command() for line in one.examples if not line.startswith("#")]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_ends_with_an_example_of_its_command(name: str) -> None:
    lines = shown(name, "--help")
    examples = [line.strip() for line in lines[lines.index("Examples:") + 1 :]]
    assert [line for line in examples if line.startswith(f"preflight {name}")]
    assert examples == [line for one in every_command() if one.__name__ == name for line in one.examples]


#: The configuration file that an example names.
SITE = "concurrency = 8\n"


@pytest.mark.parametrize("example", sorted({line for _, line in EXAMPLES}))
def test_an_example_is_understood(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    monkeypatch.chdir(tmp_path)
    _, name, *arguments = shlex.split(example.partition(" > ")[0].rpartition(" | ")[2])
    known: Any = typer.main.get_command(with_commands())
    known.commands[name].make_context(name, arguments)


@cache
def _capacity() -> str:
    files = (str(RECORDED / "ready" / f"{name}.json") for name in ("host1", "host2"))
    return CliRunner().invoke(with_commands("capacity"), ["capacity", *files, "--format", "json"]).stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory with the files that the examples name, on a machine whose ssh reaches no host."""
    for name in ("host1", "host2"):
        shutil.copy(RECORDED / "ready" / f"{name}.json", tmp_path / f"{name}.json")
    plan_file.write(tmp_path / "evening.plan", altered(PLAN, lapses=time.time() + 999))
    Journal.create(tmp_path / "evening.journal", PLAN).close()
    formats.write("report", "json", Case().asking(select=("shared-host-uuid",)).report(), tmp_path / "report.json")
    written(tmp_path / "rendered", {"host1/etc/hosts": "127.0.0.1 localhost\n"})
    (tmp_path / "site.toml").write_text(SITE)
    shutil.copytree(EXAMPLE_PACK, tmp_path / "rules.d")
    (tmp_path / "capacity.json").write_text(_capacity())
    snapshot.write(tmp_path / "a.json", Case().hosts)
    snapshot.write(tmp_path / "b.json", Case("hosts-line-gone/host1", "hosts-line-gone/host2").hosts)
    (tmp_path / "snapshots").mkdir()
    for name in ("host1", "host2"):
        shutil.copy(RECORDED / "ready" / f"{name}.json", tmp_path / "snapshots" / f"{name}.json")
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: connect to host x port 22: Connection refused' >&2\nexit 255\n")
    ssh.chmod(0o700)
    virsh = tmp_path / "virsh"
    for name in ("kvm01.plan", "evening.evacuation"):
        records.create(tmp_path / name, RECORD)
    virsh.write_text("#!/bin/sh\necho \"error: Unable to resolve address 'b' service '49152'\" >&2\nexit 1\n")
    virsh.chmod(0o700)
    return tmp_path


def run(example: str, place: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "PATH": f"{place}:{BIN}:{os.environ['PATH']}",
        "XDG_RUNTIME_DIR": str(place),
        "XDG_STATE_HOME": str(place),
    }
    return subprocess.run(
        ["sh", "-c", example], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, cwd=place, check=False
    )


#: The exit code of each example where no host can be reached, by how the example begins; the longest beginning counts.
UNREACHED = {
    "check host1 host2": 1,
    "check host1.json": 0,
    "lint": 3,
    "lint --files": 0,
    "audit": 3,
    "audit snapshots/": 0,
    "capacity": 0,
    "capacity host1 host2 --window": 3,
    "snapshot": 3,
    "nagios": 2,
    "show": 0,
    "plan": 5,
    "fix": 3,
    "rehearse": 1,
    "migrate": 5,
    "evacuate": 5,
    "evacuate --resume": 4,
    "steer": 5,
    "status": 0,
    "rules": 0,
    "explain": 0,
    "waivers": 0,
    "config": 0,
    "diff": 0,
    "diff a.json": 1,
    "doctor": 0,
}


@pytest.mark.parametrize("example", sorted({line for _, line in EXAMPLES}))
def test_an_example_does_what_its_command_is_for(example: str, place: Path) -> None:
    done = run(example, place)
    begins = max((one for one in UNREACHED if example.rpartition(" | ")[2].startswith(f"preflight {one}")), key=len)
    if begins != "doctor":  # which says what this machine has
        assert done.returncode == UNREACHED[begins], done.stderr
    assert done.returncode in (0, 1, 3, 4, 5, 2 if begins == "nagios" else 0), done.stderr


@pytest.mark.parametrize("example", [line for name, line in EXAMPLES if name in ("check", "capacity")])
def test_an_example_of_two_hosts_works_on_hosts_that_answer(example: str, place: Path) -> None:
    """The recorded hosts were asked less than some examples need, which leaves these undetermined."""
    done = run(example.replace("host1 host2", "host1.json host2.json"), place)
    assert done.returncode in (0, 3)
    assert (done.stdout[:6], done.stderr) == ("source", "")
