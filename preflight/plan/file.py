"""Keeps a plan in a file, and reads one that only the caller could have written."""

import codecs
import os
import tempfile
from pathlib import Path

from preflight import own_file
from preflight.errors import UserError
from preflight.plan.make import PlanError
from preflight.schema import document
from preflight.schema.plan import FORMATS, PLAN, READ, MigrationPlan

#: Bytes of one plan: that of 5,000 guests has 3 MB, and two definitions may be 4 MiB each.
MOST = 16 * 1024 * 1024
#: `own_file.marks` of one, whose every field may be wrong, and each is a complaint. One of 5,000 guests has 140,000.
_MOST_MARKS = 1_000_000


def write(path: Path, planned: MigrationPlan) -> None:
    """Write a plan whole or not at all, readable by its owner alone; raises `PlanError`."""
    text = planned.model_dump_json(indent=2).encode() + b"\n"
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
            content = own_file.read(path, opened.descriptor, MOST, _MOST_MARKS).removeprefix(codecs.BOM_UTF8)
        finally:
            os.close(opened.descriptor)
    except UserError as why:
        raise PlanError(str(why)) from None
    try:
        return document.read(PLAN, content), opened.doubt
    except document.Wrong as why:
        found = document.format_of(content, "preflight_plan")
        if found not in (None, *FORMATS):
            raise PlanError(f"{path}: has format {found}, this preflight reads {READ}") from None
        raise PlanError(f"{path}: is no plan of preflight's: {why}") from None
