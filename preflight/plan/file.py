"""Keeps a plan in a file, and reads one that only the caller could have written."""

import codecs
import os
import tempfile
from pathlib import Path

import msgspec

from preflight import own_file
from preflight.errors import UserError
from preflight.fields import ERRORS, FormatNumber, explained
from preflight.plan.make import FORMAT, MigrationPlan, PlanError, decode, encode

#: Bytes of one plan: that of 5,000 guests has 3 MB, and two definitions may be 4 MiB each.
MOST = 16 * 1024 * 1024


def write(path: Path, planned: MigrationPlan) -> None:
    """Write a plan whole or not at all, readable by its owner alone; raises `PlanError`."""
    text = msgspec.json.format(encode(planned), indent=2) + b"\n"
    if path.exists() and not path.is_file():
        raise PlanError(f"{path}: is no regular file, and is not replaced by one")
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as why:
        raise PlanError(f"{path}: {why.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as why:
        Path(temporary).unlink(missing_ok=True)
        raise PlanError(f"{path}: {why.strerror}") from None


def read(path: Path) -> tuple[MigrationPlan, str | None]:
    """Read a plan that only the caller and root can write; raises `PlanError`.

    Beside it, who else may read or exchange the file; None where nobody may.
    """
    try:
        opened = own_file.open_own(path)
        try:
            content = own_file.read(path, opened.descriptor, MOST).removeprefix(codecs.BOM_UTF8)
        finally:
            os.close(opened.descriptor)
    except UserError as why:
        raise PlanError(str(why)) from None
    try:
        return decode(content), opened.doubt
    except ERRORS as why:
        found = _format(content)
        if found not in (None, FORMAT):
            raise PlanError(f"{path}: has format {found}, this preflight reads {FORMAT}") from None
        raise PlanError(f"{path}: is no plan of preflight's: {explained(why)}") from None


def _format(content: bytes) -> int | None:
    """The format that a document names; None where it names none."""

    class Named(msgspec.Struct):
        preflight_plan: FormatNumber

    try:
        return msgspec.json.decode(content, type=Named).preflight_plan
    except ERRORS:
        return None
