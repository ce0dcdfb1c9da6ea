"""Hosts' answers kept in a file, so that a check can run again without a network and give the same report."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preflight import own_file
from preflight.answers import Record
from preflight.connection import Answers
from preflight.connection.target import Kind, TargetError, parse_target
from preflight.errors import UserError

#: The version of the file's format.
FORMAT = 1
#: Bytes of one snapshot. A host of 2,000 guests has 10 MiB.
MOST = 64 * 1024 * 1024
#: Quotes, and commas, in it: each record has six quotes and two commas beside those of its text.
_MOST_MARKS = 2_000_000
#: Bytes of one that is not ASCII: Python may hold each of its characters in four bytes, three times.
_MOST_FOREIGN = 32 * 1024 * 1024


class SnapshotError(UserError):
    """The file is no snapshot, or not a whole one. The text is one line for the user."""


@dataclass(frozen=True, slots=True)
class SavedHost:
    """One host as it answered: the name it was asked under, and its answers."""

    name: str
    answers: Answers


def write(path: Path, hosts: list[SavedHost]) -> None:
    """Write a snapshot whole or not at all, readable by its owner alone; raises `SnapshotError`."""
    import tempfile  # takes a while, and few checks are saved

    if path.exists() and not path.is_file():
        raise SnapshotError(f"{path}: is no regular file, and is not replaced by one")
    document = {
        "preflight_snapshot": FORMAT,
        "hosts": [
            {
                "name": host.name,
                "records": {
                    name: [record.out, record.code, record.err] for name, record in sorted(host.answers.records.items())
                },
                "absent": dict(sorted(host.answers.absent.items())),
            }
            for host in hosts
        ],
    }
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError as why:
        raise SnapshotError(f"{path}: {why.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
        Path(temporary).replace(path)
    except OSError as why:
        Path(temporary).unlink(missing_ok=True)
        raise SnapshotError(f"{path}: {why.strerror}") from None


def read(path: Path) -> list[SavedHost]:
    """Read a snapshot; raises `SnapshotError`."""
    text = _text(path)
    try:
        document = json.loads(text)
    except RecursionError:
        raise SnapshotError(f"{path}: not a whole snapshot: it is nested too deeply") from None
    except json.JSONDecodeError as why:
        raise SnapshotError(
            f"{path}: not a whole snapshot: not JSON at line {why.lineno}, column {why.colno}"
        ) from None
    except ValueError:  # Python reads no whole number of more than 4300 digits
        raise SnapshotError(f"{path}: not a whole snapshot: a number in it is too long") from None
    if not isinstance(document, dict) or "preflight_snapshot" not in document:
        raise SnapshotError(f"{path}: not a snapshot of preflight's")
    if document["preflight_snapshot"] != FORMAT:
        found = str(document["preflight_snapshot"])[:20]
        raise SnapshotError(f"{path}: snapshot format {found!r}, this preflight reads {FORMAT}")
    hosts = document.get("hosts")
    if not isinstance(hosts, list) or not hosts:
        raise SnapshotError(f"{path}: not a whole snapshot: it holds no host")
    try:
        return [_host(saved) for saved in hosts]
    except SnapshotError as why:
        raise SnapshotError(f"{path}: not a whole snapshot: {why}") from None


def _text(path: Path) -> str:
    """The file's text, of bounded size; raises `SnapshotError`."""
    try:
        descriptor = own_file.open_any(path)
        try:
            content = own_file.read(path, descriptor, MOST, _MOST_MARKS)
        finally:
            os.close(descriptor)
    except UserError as why:
        raise SnapshotError(str(why)) from None
    if len(content) > _MOST_FOREIGN and not content.isascii():
        raise SnapshotError(f"{path}: not a whole snapshot: preflight itself writes ASCII")
    try:
        return content.decode("utf-8-sig")  # an editor may have put a mark at its beginning
    except UnicodeDecodeError:
        raise SnapshotError(f"{path}: not a whole snapshot: it is not UTF-8") from None


def _host(saved: Any) -> SavedHost:
    name = saved.get("name") if isinstance(saved, dict) else None
    if not isinstance(name, str):
        raise SnapshotError("a host in it has no name")
    try:
        of_snapshot = parse_target(name).kind is Kind.SNAPSHOT
    except TargetError as why:
        raise SnapshotError(f"the name of a host in it: {why}") from None
    if of_snapshot:
        raise SnapshotError(f"the name of a host in it is that of a file: {name!r}")
    answered, absent = saved.get("records"), saved.get("absent")
    if not isinstance(answered, dict) or not isinstance(absent, dict):
        raise SnapshotError(f"{name!r} has no answers in it")
    records = {}
    for record, answer in answered.items():
        if not (isinstance(answer, list) and [type(part) for part in answer] == [str, int, str]):
            raise SnapshotError(f"the answer {record!r} of {name!r} is not of text, code and text")
        records[record] = Record(*answer)
    return SavedHost(name, Answers(records, {record: str(reason) for record, reason in absent.items()}))
