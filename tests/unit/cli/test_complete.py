"""Shells complete hosts, guests, rules and formats, without a host, and offer nothing that a shell would run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from preflight.connection.aliases import aliases
from preflight.judge.ruleset import load

READY = Path(__file__).parents[2] / "cases" / "ready" / "host1.json"
PROGRAM = Path(sys.executable).with_name("preflight")
CONFIG = """\
Host kvm1 kvm2.example.com  # two names
  User root
Host=kvm3
Host *.lab !bad kvm?
Include more/*.conf
include ~/.ssh/other "quoted name"
Host "unfinished
"""
INVENTORY = """\
[hosts."rack[1-2]"]
groups = ["blue"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".ssh" / "more").mkdir(parents=True)
    (tmp_path / ".ssh" / "config").write_text(CONFIG, encoding="utf-8")
    (tmp_path / ".ssh" / "more" / "a.conf").write_text("Host included\nInclude config\n", encoding="utf-8")
    (tmp_path / ".ssh" / "other").write_text("Match all\nHost other\n", encoding="utf-8")
    (tmp_path / ".config" / "preflight").mkdir(parents=True)
    (tmp_path / ".config" / "preflight" / "config.toml").write_text('inventory = "hosts.toml"\n', encoding="utf-8")
    (tmp_path / ".config" / "preflight" / "hosts.toml").write_text(INVENTORY, encoding="utf-8")
    for path in (tmp_path / ".config" / "preflight").iterdir():
        path.chmod(0o600)
    (tmp_path / "work").mkdir()
    shutil.copy(READY, tmp_path / "work" / "host1.json")
    return tmp_path


def _ask(home: Path, shell: str, *arguments: str, **more: str) -> list[str]:
    """Return the lines that preflight prints for a shell, or that another command prints."""
    environment = {
        "HOME": str(home),
        "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
        "_PREFLIGHT_COMPLETE": f"complete_{shell}",
        **more,
    }
    command = list(arguments) or [str(PROGRAM)]
    done = subprocess.run(
        command, env=environment, cwd=home / "work", capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == "", done.stderr
    return done.stdout.split("\n")


def offered(home: Path, line: str) -> list[str]:
    """Return what fish is offered for a line, whose last word is incomplete."""
    asked = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return [one for one in _ask(home, "fish", **asked) if one]


def offered_to_bash(home: Path, *words: str) -> list[str]:
    """Return what bash is offered for words, of which the last is incomplete."""
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    return [one for one in _ask(home, "bash", **asked) if one]


def test_hosts_are_those_of_ssh_of_the_inventory_and_snapshots_here(home: Path) -> None:
    assert offered(home, "preflight check ") == [
        "kvm1", "kvm2.example.com", "kvm3", "included", "other", "rack1", "rack2", "@blue", "localhost", "host1.json"
    ]  # fmt: skip
    assert offered(home, "preflight check kvm1 kvm") == ["kvm1", "kvm2.example.com", "kvm3"]


@pytest.mark.parametrize(
    "command",
    [
        "check kvm1",
        "migrate kvm1",
        "rehearse kvm1",
        "fix kvm1",
        "audit",
        "lint",
        "snapshot",
        "evacuate",
        "evacuate kvm1 --to",
        "doctor",
    ],
)
def test_every_command_that_takes_hosts_completes_them(home: Path, command: str) -> None:
    assert offered(home, f"preflight {command} inc") == ["included"]


def test_a_user_before_the_host_stays(home: Path) -> None:
    assert offered(home, "preflight check root@inc") == ["root@included"]
    assert offered_to_bash(home, "preflight", "check", "root", "@", "inc") == ["included"]
    assert offered_to_bash(home, "preflight", "check", "root", "@", "kvm1", "root", "@", "inc") == ["included"]
    assert offered_to_bash(home, "preflight", "check", "root", "@", "kvm1", "kvm2", "inc") == []


def test_guests_are_those_of_a_snapshot_and_of_no_live_host(home: Path) -> None:
    assert offered(home, "preflight check host1.json kvm1 ") == ["web"]
    assert offered(home, "preflight check host1.json kvm1 --except w") == ["web"]
    assert offered(home, "preflight check kvm1 kvm3 ") == []


def test_rules_subjects_and_formats(home: Path) -> None:
    assert offered(home, "preflight explain same-") == ["same-host"]
    assert offered(home, "preflight check a b --select login") == ["login"]
    assert offered(home, "preflight check a b --ignore mtu") == ["mtu-differs"]
    assert offered(home, "preflight check a b --severity mtu") == ["mtu-differs="]
    assert offered(home, "preflight check a b --format j") == ["json", "jsonl", "junit"]
    assert offered(home, "preflight capacity a b --format j") == ["json"]
    assert offered(home, "preflight diff a b --report m") == ["markdown="]


def test_every_built_in_rule_is_offered(home: Path) -> None:
    assert offered(home, "preflight explain ") == [rule.name for rule in sorted(load(), key=lambda one: str(one.path))]


def test_names_that_a_shell_might_evaluate_are_left_out(home: Path) -> None:
    document = json.loads(READY.read_text(encoding="utf-8"))
    records = document["hosts"][0]["records"]
    hostile = r"\$(touch x)", "`touch x`", "a'b", "a b", "*", "a\nb", "\x1b[2J", "a:b"
    text, *rest = records["libvirt.domains"]
    domains = json.loads(text)
    domains["domains"] = [domains["domains"][0] | {"name": name, "uuid": ""} for name in (*hostile, "fine")]
    records["libvirt.domains"] = [json.dumps(domains), *rest]
    (home / "work" / "host1.json").write_text(json.dumps(document), encoding="utf-8")
    (home / ".ssh" / "config").write_text("Host $(id) fine `id`\n", encoding="utf-8")
    assert offered(home, "preflight check host1.json kvm1 ") == ["fine"]
    assert offered(home, "preflight check ") == ["fine", "rack1", "rack2", "@blue", "localhost", "host1.json"]


@pytest.mark.parametrize("text", ["[", 'hosts = ["a"]', "extend = 'gone.toml'"])
def test_a_configuration_that_cannot_be_used_offers_nothing_and_says_nothing(home: Path, text: str) -> None:
    (home / ".config" / "preflight" / "config.toml").write_text(text, encoding="utf-8")
    assert offered(home, "preflight check rac") == []


def test_a_snapshot_that_is_none_offers_nothing_and_says_nothing(home: Path) -> None:
    (home / "work" / "host1.json").write_text("{", encoding="utf-8")
    assert offered(home, "preflight check host1.json kvm1 ") == []


def test_an_ansible_inventory_is_not_run(home: Path) -> None:
    (home / ".config" / "preflight" / "config.toml").write_text('inventory = "list.ansible"\n', encoding="utf-8")
    script = home / ".config" / "preflight" / "list.ansible"
    script.write_text(f"#!/bin/sh\ntouch {home}/ran\n", encoding="utf-8")
    script.chmod(0o700)
    assert "kvm1" in offered(home, "preflight check ")
    assert not (home / "ran").exists()


def test_an_include_that_leads_back_ends_and_no_configuration_is_none(home: Path, tmp_path: Path) -> None:
    (home / ".ssh" / "config").write_text("Include config\nInclude conf*\nHost a\n", encoding="utf-8")
    assert list(aliases(home)) == ["a"]
    assert list(aliases(tmp_path / "gone")) == []


def test_bash_itself(home: Path) -> None:
    script = (
        'eval "$(_PREFLIGHT_COMPLETE=source_bash preflight)"\n'
        "COMP_WORDS=(preflight check host1.json kvm1 w) COMP_CWORD=4\n"
        '_preflight_completion preflight\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert _ask(home, "bash", "bash", "--norc", "-c", script) == ["web", ""]


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_itself(home: Path) -> None:
    script = 'env _PREFLIGHT_COMPLETE=source_fish preflight | source; complete -C "preflight check host1.json kvm1 w"'
    assert _ask(home, "fish", "fish", "--no-config", "-c", script) == ["web", ""]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_itself(home: Path) -> None:
    """The line is typed in a terminal of its own, and Tab completes the guest."""
    script = r"""
zmodload zsh/zpty
zpty shell 'TERM=dumb zsh -f -i'
zpty -w shell 'autoload -U compinit; compinit -u -D; eval "$(_PREFLIGHT_COMPLETE=source_zsh preflight)"'
zpty -w shell 'print ready$((1 + 1))'
zpty -r -m shell text '*ready2*'
zpty -w -n shell $'preflight check host1.json kvm1 w\t'
zpty -r -m shell text '*kvm1 web*' && print found
zpty -d shell
"""
    assert "found" in _ask(home, "zsh", "zsh", "-f", "-c", script)
