"""The file of a plan: written whole, and read only if nobody but the caller could have written it."""

import codecs
import os
from pathlib import Path

from preflight import atomic_file, own_file
from preflight.errors import UserError
from preflight.plan.make import PlanError
from preflight.schema import document
from preflight.schema.plan import FORMATS, MOST_MARKS, PLAN, READ, MigrationPlan

#: The maximum size of a plan in bytes: a plan for 5,000 guests has 3 MB, and two definitions may have 4 MiB each.
MOST = 16 * 1024 * 1024


def write(path: Path, planned: MigrationPlan) -> None:
    """Write a plan, completely or not at all, readable only by its owner; raises `PlanError`."""
    text = planned.model_dump_json(indent=2).encode() + b"\n"
    try:
        with atomic_file.written(path) as file:
            file.write(text)
    except OSError as why:
        raise PlanError(f"{path}: {why.strerror}") from None


def read(path: Path) -> tuple[MigrationPlan, str | None]:
    """Read a plan that only the caller and root can write; raises `PlanError`.

    Return it with a description of who else can read or replace the file; None if nobody can.
    """
    try:
        opened = own_file.open_own(path)
        try:
            content = own_file.read(path, opened.descriptor, MOST, MOST_MARKS).removeprefix(codecs.BOM_UTF8)
        finally:
            os.close(opened.descriptor)
    except UserError as why:
        raise PlanError(str(why)) from None
    try:
        return document.read(PLAN, content), opened.doubt
    except document.Wrong as why:
        found = document.format_of(content, "preflight_plan")
        if found not in (None, *FORMATS):
            raise PlanError(f"{path}: has format {found}, this preflight reads {READ}: make a new plan") from None
        raise PlanError(f"{path}: not a plan of preflight: {why}; make one with `preflight plan`") from None
