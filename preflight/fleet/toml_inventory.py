"""Reads an inventory in TOML, and refuses one that another user could have written."""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from preflight import own_file
from preflight.errors import UserError
from preflight.fleet.host import Known
from preflight.fleet.known import Inventory, groups_of, refuse_cycles
from preflight.fleet.ranges import MOST, Names
from preflight.request.migration import Transport

#: Maximum size of an inventory in bytes, and maximum number of its quotes or commas.
_MOST, _MOST_MARKS = 2 * 1024 * 1024, 400_000


def read(path: Path) -> Inventory:
    """Read an inventory; raises `UserError`."""
    content = _content(path)
    try:
        values = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as why:  # not TOML, or not UTF-8
        raise UserError(f"{path}: is not TOML: {why}") from None
    from preflight.schema.inventory import parsed  # pydantic

    try:
        return _inventory(path, parsed(values))
    except UserError as why:
        said = str(why)
        raise UserError(said if said.startswith(f"{path}: ") else f"{path}: {said}") from None


def _content(path: Path) -> bytes:
    opened = own_file.open_own(path)
    try:
        if opened.replaced_by is not None:
            raise UserError(
                f"{path}: {opened.replaced_by}, so this inventory is not used: move it to a directory that only you"
                " can write to"
            )
        return own_file.read(path, opened.descriptor, _MOST, _MOST_MARKS)
    finally:
        os.close(opened.descriptor)


def _inventory(path: Path, model: Any) -> Inventory:
    hosts: dict[str, dict[str, Any]] = {}
    members: dict[str, dict[str, None]] = {name: {} for name in model.groups}
    names = Names()
    for word, table in model.hosts.items():
        given = {key: value for key in _FIELDS if (value := getattr(table, key)) is not None}
        for name in _names(f"hosts.{word}", [word], names):
            hosts.setdefault(name, {}).update(given)
            _limit(hosts)
            for group in table.groups:
                members.setdefault(group, {})[name] = None
    for group, table in model.groups.items():
        for name in _names(f"groups.{group}", table.hosts, names):
            hosts.setdefault(name, {})
            _limit(hosts)
            members[group][name] = None
    children = {name: model.groups[name].groups if name in model.groups else () for name in members}
    refuse_cycles(str(path), children)
    groups = groups_of(members, children)
    return Inventory(
        str(path),
        {name: _known(given, groups.get(name, ())) for name, given in hosts.items()},
        {group: tuple(names) for group, names in members.items()},
        children,
    )


#: The fields of a host that an inventory passes on; the groups are found from both sides.
_FIELDS = ("address", "login", "port", "transport", "migration_address", "weight")


def _names(where: str, words: Iterable[str], names: Names) -> Iterable[str]:
    for word in words:
        try:
            yield from names.of(word)
        except UserError as why:
            raise UserError(f"{where[:120]}: {why}") from None


def _limit(hosts: dict[str, Any]) -> None:
    if len(hosts) > MOST:
        raise UserError(f"names more than {MOST} hosts: name a group, or some hosts")


def _known(given: dict[str, Any], groups: tuple[str, ...]) -> Known:
    transport = given.get("transport")
    return Known(**(given | {"transport": transport and Transport(transport), "groups": groups}))
