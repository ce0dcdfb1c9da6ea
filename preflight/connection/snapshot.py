"""Snapshots: hosts' answers in a file, so that a check can run again without a network and give the same report."""

import codecs
import io
import json
import os
import sys
from pathlib import Path

from preflight import atomic_file, own_file
from preflight.answers import Answers, Record, SavedHost, Taken
from preflight.connection.files_read import files_of
from preflight.connection.target import Kind, TargetError, parse_target
from preflight.errors import UserError
from preflight.schema import saved
from preflight.visible import encodable

#: Maximum size of a snapshot, in bytes. A host with 2,000 guests takes 10 MiB.
MOST = 64 * 1024 * 1024
#: What to do about a file that is no snapshot.
_TAKE = "; take one with `preflight snapshot`"
#: Why a file is not written.
EXISTS = "there is such a file already; choose another name, or replace it with --overwrite"
#: Maximum number of quotes, and of commas: each record has six quotes and two commas besides those in its text.
_MOST_MARKS = 2_000_000
#: Maximum size of a snapshot that is not ASCII: Python may store each of its characters in four bytes, three times.
_MOST_FOREIGN = 32 * 1024 * 1024


class SnapshotError(UserError):
    """File that is not a snapshot, or not a whole one. The text is one line for the user."""


def load() -> None:
    """Load the modules for writing a snapshot ahead of time."""
    import preflight.schema.snapshot  # noqa: F401 - pydantic, while waiting for a host


def refuse_to_overwrite(path: Path | None, *, overwrite: bool) -> None:
    """Raise `SnapshotError` if there is a file at the path that the user has not agreed to lose."""
    if path is not None and not overwrite and os.path.lexists(path):
        raise SnapshotError(f"{path}: {EXISTS}")


def write(path: Path, hosts: list[SavedHost], made: Taken | None = None, *, overwrite: bool = True) -> None:
    """Write a snapshot completely or not at all, readable only by its owner; raises `SnapshotError`.

    A file that is there already is replaced only with `overwrite`. `made` says who took the snapshot.
    """
    from preflight.schema import snapshot as schema

    document = schema.written(
        saved.Snapshot(
            preflight_snapshot=saved.FORMAT,
            hosts=[_saved(host) for host in hosts],
            made=None
            if made is None
            else saved.Made(made.at, encodable(made.machine), encodable(made.user), made.version, dict(made.packs)),
        )
    )
    try:
        with atomic_file.written(path, replace=overwrite) as file:
            text = io.TextIOWrapper(file, encoding="utf-8")
            json.dump(document, text, indent=1)
            text.write("\n")
            text.detach()
    except atomic_file.Exists:
        raise SnapshotError(f"{path}: {EXISTS}") from None
    except OSError as why:
        raise SnapshotError(f"{path}: {why.strerror}") from None


def _saved(host: SavedHost) -> saved.SavedHost:
    records = {
        name: (encodable(record.out), record.code, encodable(record.err))
        for name, record in sorted(host.answers.records.items())
    }
    absent = {name: encodable(reason) for name, reason in sorted(host.answers.absent.items())}
    return saved.SavedHost(
        name=encodable(host.name),
        records=records,
        absent=absent,
        peers=tuple(map(encodable, host.peers)),
        files={encodable(one.path): saved.File(one.sha256, one.redacted) for one in files_of(host.answers)},
    )


def read(path: Path) -> list[SavedHost]:
    """Read a snapshot; raises `SnapshotError`."""
    content = content_of(path)
    snapshot = saved.quick(content) or _read_or_explain(path, content)
    try:
        return [_host(host, _taken(snapshot.made)) for host in snapshot.hosts]
    except SnapshotError as why:
        raise SnapshotError(f"{path}: not a whole snapshot: {why}{_TAKE}") from None


def _read_or_explain(path: Path, content: bytes) -> saved.Snapshot:
    """Read a file that differs from what preflight writes; raises `SnapshotError` if it is not a snapshot."""
    from preflight.schema import snapshot as schema  # pydantic
    from preflight.schema.document import Wrong

    try:
        return schema.read(content)
    except Wrong as why:
        raise SnapshotError(f"{path}: {why}{_TAKE}") from None


def content_of(path: Path) -> bytes:
    """Return the file's content, within the limits; raises `SnapshotError`."""
    try:
        descriptor = own_file.open_any(path)
        try:
            content = own_file.read(path, descriptor, MOST, _MOST_MARKS)
        finally:
            os.close(descriptor)
    except UserError as why:
        raise SnapshotError(str(why)) from None
    if len(content) > _MOST_FOREIGN and not content.isascii():
        raise SnapshotError(f"{path}: not a whole snapshot: preflight writes only ASCII{_TAKE}")
    return content.removeprefix(codecs.BOM_UTF8)  # an editor may have added a byte order mark


def _taken(made: saved.Made | None) -> Taken | None:
    return None if made is None else Taken(made.at, made.machine, made.user, made.version, tuple(made.packs.items()))


def _host(host: saved.SavedHost, made: Taken | None) -> SavedHost:
    try:
        of_snapshot = parse_target(host.name).kind is Kind.SNAPSHOT
    except TargetError as why:
        raise SnapshotError(f"the name of a host in it is invalid: {why}") from None
    if of_snapshot:
        raise SnapshotError(f"the name of a host in it is a file name: {host.name!r}")
    # interned: of a thousand hosts, most have the same configuration files
    records = {name: Record(sys.intern(out), code, sys.intern(err)) for name, (out, code, err) in host.records.items()}
    return SavedHost(host.name, Answers(records, host.absent), host.peers, made)
