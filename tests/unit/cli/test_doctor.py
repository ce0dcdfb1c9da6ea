"""`preflight doctor`, run as users run it, with a program in place of ssh."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.case import RECORDED

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/doctor.schema.json").read_text())
#: Logs in at this very machine, and lets libvirt through nowhere.
HERE = """#!/bin/sh
case " $* " in *" -V "*) echo "OpenSSH_9.2p1 fake" >&2; exit;; *" -M "*) exec sh -s;; esac
head -c 1 >/dev/null
echo "fake ssh: libvirt is not served" >&2
exit 255
"""
REFUSES = """#!/bin/sh
case " $* " in *" -V "*) echo "OpenSSH_9.2p1 fake" >&2; exit;; esac
printf 'kvm1: Permission denied \\033[31m(publickey).\\n' >&2
exit 255
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the commands find a program called ssh, no agent, and no configuration but one below this directory."""
    put_ssh(tmp_path, HERE)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("SSH_AUTH_SOCK", "COLUMNS", "PREFLIGHT_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_ssh(directory: Path, text: str) -> None:
    (directory / "ssh").write_text(text)
    (directory / "ssh").chmod(0o700)


def doctor(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "preflight", "doctor", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def items(text: str, host: int | None = None) -> dict[str, tuple[str, str]]:
    """Return state and message of each item, by name: of this machine, or of a host."""
    document = json.loads(text)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)] == []
    found = document["machine"] if host is None else document["hosts"][host]["items"]
    return {item["name"]: (item["state"], item["message"]) for item in found}


def test_this_machine_has_what_the_tests_run_with(own: Path) -> None:
    done = doctor("-f", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = items(done.stdout)
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["ssh"] == ("ok", f"OpenSSH_9.2p1 fake, {own}/ssh")
    assert found["ssh agent"][1].startswith("none")
    assert found["configuration"] == ("ok", "no file")
    assert json.loads(done.stdout)["exit_code"] == 0


@pytest.mark.parametrize(
    ("module", "raised", "mend"),
    [
        ("libvirt", "libvirt.so.0: cannot open shared object file: No such file or directory", "install libvirt"),
        ("libvirt", "No module named 'libvirt'", "-m pip install --force-reinstall libvirt-python"),
        ("augeas", "cannot load library 'libaugeas.so.0'", "install libaugeas0"),
        ("augeas", "No module named 'augeas'", "-m pip install --force-reinstall python-augeas"),
    ],
)
def test_a_library_that_cannot_be_loaded_is_named_with_what_brings_it(
    module: str, raised: str, mend: str, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "block").mkdir()
    (own / f"block/{module}.py").write_text(f"raise ImportError({raised!r})\n")
    monkeypatch.setenv("PYTHONPATH", f"{own}/block:{ROOT}")
    done = doctor("kvm1", "-f", "json")
    assert (done.returncode, done.stderr) == (1, "")
    state, said = items(done.stdout)[module]
    assert (state, said.endswith(raised)) == ("missing", True)
    (item,) = (one for one in json.loads(done.stdout)["machine"] if one["name"] == module)
    assert mend in item["mend"]
    assert items(done.stdout, 0)["login"][0] == "ok", "the host is asked all the same"
    expected = "this machine's libvirt cannot be loaded" if module == "libvirt" else "libvirt is not served"
    assert expected in items(done.stdout, 0)["libvirt"][1]


def test_a_host_is_logged_in_to_and_asked(own: Path) -> None:
    done = doctor("kvm1", "kvm2", "-f", "json")
    assert done.returncode == 1
    for host in (0, 1):
        found = items(done.stdout, host)
        assert found["login"][0] == "ok"
        assert found["libvirt"][0] == "missing"
        assert "fake ssh: libvirt is not served" in found["libvirt"][1]
    assert not list(own.glob("preflight-*")), "no login is left"


def test_a_login_that_is_refused_is_said_in_one_line_that_controls_no_terminal(own: Path) -> None:
    put_ssh(own, REFUSES)
    done = doctor("kvm1")
    assert (done.returncode, done.stderr) == (1, "")
    _, _, said = done.stdout.partition("\n\n")
    assert said == (
        "kvm1\n"
        "  missing login:         kvm1: Permission denied \\x1b[31m(publickey).\n"
        "                         mend: ssh-copy-id kvm1\n"
        "\n"
        "1 missing: nothing can be checked without\n"
    )


def test_a_machine_without_ssh_is_told_what_to_install(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = doctor("-f", "json")
    assert done.returncode == 1
    assert items(done.stdout)["ssh"] == ("missing", "there is no ssh in PATH")


@pytest.mark.parametrize(
    ("text", "code", "state"), [("select = 'ssh'\n", 1, "missing"), ("answer-timeout = 7\n", 0, "ok")]
)
def test_the_configuration_is_named_even_if_it_cannot_be_used(text: str, code: int, state: str, own: Path) -> None:
    (own / "preflight.toml").write_text(text)
    done = doctor("-f", "json")
    assert done.returncode == code
    found = items(done.stdout)["configuration"]
    assert (found[0], str(own / "preflight.toml") in found[1]) == (state, True)
    assert "; plan, fix" in found[1] or state == "missing"


def test_rules_that_cannot_be_loaded_are_missing(own: Path) -> None:
    done = doctor("--rules", "/no/such", "-f", "json")
    assert done.returncode == 1
    assert items(done.stdout)["rules"] == (
        "missing",
        "/no/such: no such rule directory: correct --rules or the key `rules`",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            (str(RECORDED / "ready/host1.json"),),
            f"{RECORDED}/ready/host1.json: a snapshot; doctor logs in to hosts: name the host itself",
        ),
        (("-oProxyCommand=x",), "No such option: -o"),
        (("--format", "html"), "--format: 'html' is not one of text, json"),
    ],
)
def test_what_is_no_host_is_refused(words: tuple[str, ...], said: str) -> None:
    done = doctor(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
