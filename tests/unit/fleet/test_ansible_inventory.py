"""An Ansible inventory, from what `ansible-inventory --list` prints: a program of that name stands in for it here.

`make ansible-fleet` reads one with the real program.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from preflight.errors import UserError
from preflight.fleet import ansible_inventory
from preflight.fleet.host import Known
from preflight.fleet.inventory import hosts
from tests.own_directory import own_directory

__all__ = ["own_directory"]

LISTED: dict[str, Any] = {
    "_meta": {
        "hostvars": {
            "kvm1": {"ansible_host": "10.0.0.1", "ansible_user": "root", "other": ["anything"]},
            "kvm2": {"ansible_port": "2222"},
            "here": {"ansible_connection": "local"},
            "win": {"ansible_connection": "winrm"},
            "evil": {"ansible_host": "{{ lookup('pipe', 'id') }}"},
            "odd": {"ansible_user": ["root"]},
            "port": {"ansible_port": 99999},
        }
    },
    "all": {"children": ["ungrouped", "dc1"]},
    "dc1": {"children": ["rack1", "empty"]},
    "rack1": {"hosts": ["kvm1", "kvm2", "plain"]},
    "ungrouped": {"hosts": ["here", "win", "evil", "odd", "port"]},
}


@pytest.fixture
def inventory(own_directory: Path) -> Path:
    path = own_directory / "hosts.ini"
    path.write_text("[rack1]\nkvm1\n")
    path.chmod(0o600)
    return path


def program(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of this name first into PATH."""
    made = directory / "bin/ansible-inventory"
    made.parent.mkdir()
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", f"{made.parent}:{os.environ['PATH']}")


def refusal(inventory: Path, **more: Any) -> str:
    with pytest.raises(UserError) as refused:
        ansible_inventory.read(inventory, **more)
    said = str(refused.value)
    assert said.startswith(f"{inventory}: ")
    assert "\n" not in said
    return said.removeprefix(f"{inventory}: ")


@pytest.fixture
def listed(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (inventory.parent / "listed").write_text(json.dumps(LISTED))
    program(
        inventory.parent, monkeypatch, f"[ \"$*\" = '--inventory {inventory} --list' ] && cat {inventory.parent}/listed"
    )
    return inventory


def test_hosts_have_the_address_the_user_and_the_port_of_their_variables(listed: Path) -> None:
    found = ansible_inventory.read(listed)
    assert found.hosts["kvm1"] == Known(address="10.0.0.1", login="root", groups=("rack1", "dc1"))
    assert found.hosts["kvm2"] == Known(port=2222, groups=("rack1", "dc1"))
    assert found.hosts["plain"] == Known(groups=("rack1", "dc1"))
    assert found.hosts["here"] == Known(is_here=True)


def test_groups_are_those_of_ansible(listed: Path) -> None:
    found = ansible_inventory.read(listed)
    assert found.in_group("dc1") == ("kvm1", "kvm2", "plain")
    assert set(found.in_group("all")) == set(LISTED["_meta"]["hostvars"]) | {"plain"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("win", "Ansible reaches it by 'winrm', preflight only by ssh"),
        ("evil", "ansible_host is a template, which only Ansible evaluates"),
        ("odd", "ansible_user is neither text nor a number"),
        ("port", "ansible_port is '99999', which is no port"),
    ],
)
def test_a_host_that_preflight_cannot_reach_matters_only_if_it_is_named(listed: Path, name: str, why: str) -> None:
    found = ansible_inventory.read(listed)
    assert len(hosts(["@dc1"], found).hosts) == 3
    with pytest.raises(UserError) as refused:
        hosts([name], found)
    assert str(refused.value) == f"{listed}: hosts.{name}: {why}"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo '[ERROR]: no such thing' >&2; echo more >&2; exit 1", "ansible-inventory: [ERROR]: no such thing"),
        ("printf 'a\\033[2Jb\\n' >&2; exit 4", "ansible-inventory: a\\x1b[2Jb"),
        ("exit 5", "ansible-inventory: said nothing"),
        ("echo '{'", "ansible-inventory printed something else than an inventory: "),
        ("""echo '{"all": {"hosts": 1}}'""", "ansible-inventory printed something else than an inventory: "),
        ("""echo '{"a": {"children": ["b"]}, "b": {"children": ["a"]}}'""", "groups.a contains itself: a > b > a"),
        ("yes", "ansible-inventory printed more than 1000000 bytes"),
    ],
)
def test_a_program_that_prints_no_inventory_is_one_line(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setattr(ansible_inventory, "_MOST", 1_000_000)
    program(inventory.parent, monkeypatch, script)
    assert refusal(inventory).startswith(why)


@pytest.mark.parametrize("script", ["sleep 60", "exec >&- 2>&-; sleep 60", "sleep 60 & exit 0"])
def test_an_inventory_script_that_hangs_is_ended_with_its_children(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program(inventory.parent, monkeypatch, f"echo $$ > {inventory.parent}/pid; {script}")
    assert refusal(inventory, patience=0.3).startswith("ansible-inventory did not end within 0.3 s: run `")
    group = int((inventory.parent / "pid").read_text())
    ends = time.monotonic() + 10
    while _running(group) and time.monotonic() < ends:
        time.sleep(0.01)
    assert _running(group) == []


def _running(group: int) -> list[int]:
    """Return the processes of a group that have not ended, whether or not anybody has waited for them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it has ended
            continue
        if int(of) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def test_without_the_program_it_says_what_an_inventory_needs(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert refusal(inventory) == (
        "ansible-inventory is not installed: an inventory that does not end in .toml is read by Ansible, so install it"
    )


@pytest.mark.parametrize("name", ["hosts.ini", "group_vars/all.yml", "host_vars"])
def test_nothing_is_run_if_others_may_write_any_of_it(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    program(inventory.parent, monkeypatch, f"touch {inventory.parent}/ran")
    path = inventory.parent / name
    if path != inventory:
        path.parent.mkdir(exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
    path.chmod(0o777)
    with pytest.raises(UserError, match="users other than you and root can write to it"):
        ansible_inventory.read(inventory)
    assert not (inventory.parent / "ran").exists()
