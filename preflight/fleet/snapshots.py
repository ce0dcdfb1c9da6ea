"""The hosts that are in snapshot files, without reading their answers, which may take seconds for a thousand files."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from preflight.answers import SavedHost
from preflight.connection import snapshot
from preflight.connection.target import Kind, TargetError, parse_target
from preflight.errors import UserError
from preflight.fleet.host import THIS_MACHINE, FleetHost
from preflight.fleet.ranges import MOST

#: The first second of the year 10000, since the epoch.
_LATEST = 253_402_300_800.0
#: The end of a snapshot's name in a directory of them.
_END = ".json"


class _Records(msgspec.Struct):
    asked_at: tuple[str, int, str] = msgspec.field(default=("", 0, ""), name="asked-at")
    libvirt: tuple[str, int, str] = msgspec.field(default=("", 0, ""), name="libvirt.hostname")
    kernel: tuple[str, int, str] = msgspec.field(default=("", 0, ""), name="kernel.hostname")


class _Host(msgspec.Struct):
    name: str
    records: _Records


class _Snapshot(msgspec.Struct):
    preflight_snapshot: int
    hosts: Annotated[list[_Host], msgspec.Meta(min_length=1)]


_DECODER = msgspec.json.Decoder(_Snapshot)


def in_directory(directory: Path) -> Iterator[FleetHost]:
    """Yield the hosts of each *.json in a directory, by file name; raises `UserError` if there is none."""
    try:
        found = sorted(path for path in directory.iterdir() if path.suffix == _END)
    except OSError as why:
        raise UserError(f"{directory}: {why.strerror}") from None
    if not found:
        raise UserError(f"{directory}: has no file that ends in {_END}: take snapshots with `preflight snapshot`")
    if len(found) > MOST:
        raise UserError(f"{directory}: has more than {MOST} snapshots: name some of the files")
    for path in found:
        yield from in_file(path)


def in_file(path: Path) -> Iterator[FleetHost]:
    """Yield the hosts of a snapshot; raises `UserError` if the file is none."""
    try:
        hosts = _DECODER.decode(snapshot.content_of(path)).hosts
    except (msgspec.DecodeError, ValueError, RecursionError) as why:
        if isinstance(why, UserError):
            raise
        snapshot.read(path)  # says what is wrong
        raise UserError(f"{path}: not a snapshot made by preflight: take one with `preflight snapshot`") from None
    for place, host in enumerate(hosts):
        yield FleetHost(
            name=_name(path, host),
            text=str(path),
            origin=str(path),
            snapshot=path,
            place=place,
            taken=_taken(host.records.asked_at[0]),
        )


def answers_of(host: FleetHost) -> SavedHost:
    """Return the answers of a host from its snapshot; raises `UserError` if the file has changed since it was listed.

    A host that took its snapshot itself is known by the name by which other machines reach it.
    """
    assert host.snapshot is not None
    for saved in snapshot.read(host.snapshot)[host.place : host.place + 1]:
        target = parse_target(saved.name)
        if target.kind is Kind.LOCAL:
            return saved._replace(name=host.name)
        if (target.host or saved.name) == host.name:
            return saved
    raise UserError(
        f"{host.snapshot}: does not have the host {host.name} any more: it was changed while it was read; try again"
    )


def _name(path: Path, host: _Host) -> str:
    """Return the host's name; for a snapshot that was taken on the host itself, the name that the host has there."""
    try:
        target = parse_target(host.name)
    except TargetError as why:
        raise UserError(
            f"{path}: not a whole snapshot: the name of a host in it is invalid: {why}; take one with `preflight"
            " snapshot`"
        ) from None
    if target.kind is not Kind.LOCAL:
        return target.host or host.name
    for said in (host.records.libvirt[0].strip(), host.records.kernel[0].strip()):
        with contextlib.suppress(TargetError):
            if parse_target(said).kind is Kind.SSH:
                return said
    return THIS_MACHINE


def _taken(asked_at: str) -> float | None:
    try:
        moment = float(asked_at)
    except ValueError:
        return None
    return moment if 0 <= moment < _LATEST else None
