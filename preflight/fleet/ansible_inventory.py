"""Reads an Ansible inventory as `ansible-inventory --list` prints it; preflight evaluates nothing of it.

Ansible decrypts, runs the scripts and plugins of the inventory, and merges the variables of groups and hosts.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from preflight import own_file
from preflight.errors import UserError
from preflight.fleet.host import Known
from preflight.fleet.known import EVERY, Inventory, groups_of, refuse_cycles
from preflight.fleet.ranges import MOST
from preflight.grammar import shown
from preflight.visible import one_line

#: The program, which must be in PATH.
PROGRAM = "ansible-inventory"
#: Seconds that it may take: a dynamic inventory may ask a cloud.
PATIENCE = 60.0
#: Maximum size of what it prints, in bytes.
_MOST = 64 * 1024 * 1024
#: Connection plugins of Ansible that use ssh; the last is named in full in some inventories.
_BY_SSH = ("ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh")
_HERE = ("local", "ansible.builtin.local")
#: Groups that Ansible adds by itself.
_OF_ALL = (EVERY, "ungrouped")
_PORT = re.compile(r"[0-9]{1,5}")
#: Settings of Ansible: what it prints is for a program, and a source that it cannot read is an error.
_SETTINGS = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
}


class _Group(msgspec.Struct):
    hosts: list[str] = []
    children: list[str] = []


class _Variables(msgspec.Struct):
    """The variables of a host that say how to reach it; Ansible passes on any type for each."""

    ansible_host: Any = None
    ansible_user: Any = None
    ansible_port: Any = None
    ansible_connection: Any = None


class _Meta(msgspec.Struct):
    hostvars: dict[str, _Variables] = {}


def read(path: Path, *, patience: float = PATIENCE) -> Inventory:
    """Have Ansible read an inventory: a file, a directory or a script; raises `UserError`.

    An inventory can run programs, so that one which other users could have written is refused.
    """
    for one in (path, *(path.parent / name for name in ("group_vars", "host_vars"))):
        if one is path or one.exists():
            own_file.refuse_tree(one)
    return _parsed(path, _listed(path, patience))


def _listed(path: Path, patience: float) -> bytes:
    """Return what `ansible-inventory --list` prints; raises `UserError`."""
    command = [PROGRAM, "--inventory", str(path.absolute()), "--list"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | _SETTINGS,
            start_new_session=True,  # its scripts end with it
        )
    except OSError as why:
        missing = isinstance(why, FileNotFoundError)
        said = (
            "is not installed: an inventory that does not end in .toml is read by Ansible, so install it"
            if missing
            else why.strerror
        )
        raise UserError(f"{path}: {PROGRAM} {said}") from None
    with process:
        try:
            out, err = _output(process, time.monotonic() + patience)
        except BaseException as why:
            os.killpg(process.pid, signal.SIGKILL)  # it has not been waited for, so that the number is still its own
            if isinstance(why, TimeoutError):
                raise UserError(
                    f"{path}: {PROGRAM} did not end within {patience:g} s: run `{PROGRAM} --list -i {path}` by hand"
                ) from None
            if isinstance(why, OverflowError):
                raise UserError(
                    f"{path}: {PROGRAM} printed more than {_MOST} bytes: use an inventory in TOML, or name the hosts"
                ) from None
            raise
    if process.returncode:
        lines = [one for one in err.decode(errors="backslashreplace").splitlines() if one.strip()]
        said = next((one for one in lines if "ERROR" in one), lines[-1] if lines else "said nothing")
        raise UserError(f"{path}: {PROGRAM}: {one_line(said)[:300]}; run `{PROGRAM} --list -i {path}` by hand")
    return out


def _output(process: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bytes]:
    """Return both outputs of a process that ends; raises `TimeoutError`, and `OverflowError` if it prints too much."""
    found = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in found:
            assert stream is not None
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                part = os.read(key.fd, 1 << 16)
                if not part:
                    selector.unregister(key.fileobj)
                held = found[key.fileobj]  # type: ignore[index] # what was registered
                held += part
                if len(held) > _MOST:
                    raise OverflowError
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return bytes(found[process.stdout]), bytes(found[process.stderr])


def _parsed(path: Path, content: bytes) -> Inventory:
    try:
        whole = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        variables = msgspec.json.decode(whole.pop("_meta", b"{}"), type=_Meta).hostvars
        groups = {name: msgspec.json.decode(table, type=_Group) for name, table in whole.items()}
    except (msgspec.DecodeError, ValueError, RecursionError) as why:
        raise UserError(
            f"{path}: {PROGRAM} printed something else than an inventory: {one_line(str(why))}; run `{PROGRAM}"
            f" --list -i {path}` by hand"
        ) from None
    # a group that has neither hosts nor groups is left out of the list, but not of its parent
    children = {name: tuple(one for one in table.children if one in groups) for name, table in groups.items()}
    refuse_cycles(str(path), children)
    members = {name: tuple(table.hosts) for name, table in groups.items()}
    names = dict.fromkeys([*(name for inside in members.values() for name in inside), *variables])
    if len(names) > MOST:
        raise UserError(f"{path}: names more than {MOST} hosts: name a group, or some hosts")
    inside = groups_of(members, children)
    hosts = {name: _known(variables.get(name, _Variables()), inside.get(name, ())) for name in names}
    return Inventory(str(path), hosts, {EVERY: tuple(names), **members}, children)


def _known(variables: _Variables, groups: tuple[str, ...]) -> Known:
    """Return what the variables say about reaching a host.

    What preflight cannot do matters only if the host is used.
    """
    groups = tuple(group for group in groups if group not in _OF_ALL)
    said: dict[str, str | None] = {}
    for key in variables.__struct_fields__:
        value = getattr(variables, key)
        if value is not None and (type(value) not in (str, int) or "{{" in str(value)):
            kind = "a template, which only Ansible evaluates" if isinstance(value, str) else "neither text nor a number"
            return Known(groups=groups, fault=f"{key} is {kind}")
        said[key] = None if value is None else str(value)
    connection, port = said["ansible_connection"], said["ansible_port"]
    if connection not in (None, *_BY_SSH, *_HERE):
        return Known(groups=groups, fault=f"Ansible reaches it by {shown(connection or '')}, preflight only by ssh")
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) < 65536):
        return Known(groups=groups, fault=f"ansible_port is {shown(port)}, which is no port")
    return Known(
        address=said["ansible_host"],
        login=said["ansible_user"],
        port=None if port is None else int(port),
        groups=groups,
        is_here=connection in _HERE,
    )
