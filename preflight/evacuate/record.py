"""The file of an evacuation, written whole before each step, and the directory of its runs' journals beside it."""

import codecs
import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from preflight import atomic_file, own_file
from preflight.errors import UserError
from preflight.migrate import file_lock
from preflight.migrate.journal import new_path
from preflight.schema import document
from preflight.schema.evacuation import EVACUATION, FORMAT, Evacuation

#: The ending of a record's name, and that of the directory of its journals.
ENDING, JOURNALS = ".evacuation", ".runs"
#: The maximum size of a record in bytes, and its most `own_file.marks`: 5,000 guests and 10,000 runs.
MOST, MOST_MARKS = 16 * 1024 * 1024, 800_000


class RecordError(UserError):
    """The file is not the record of an evacuation, or cannot be written or read. The text is one line for the user."""


def default_path(source: str) -> Path:
    """Return a new record's path in the directory of journals, made of the time and the host."""
    return new_path(ENDING, source)


def journals_of(path: Path) -> Path:
    """Return the directory of the journals of the runs of this record."""
    return path.with_name(path.name + JOURNALS)


def next_number(path: Path) -> int:
    """Return the number of the next run's journal: one more than any in the directory.

    That may be more than the record has runs: preflight may have died before it recorded one. Raises `RecordError`.
    """
    directory = journals_of(path)
    try:
        numbers = [int(found[0]) for file in directory.iterdir() if (found := re.match("[0-9]{1,9}", file.name))]
    except OSError as why:
        raise RecordError(f"{directory}: {why.strerror}") from None
    return 1 + max(numbers, default=0)


def create(path: Path, made: Evacuation) -> None:
    """Write a new record and make the directory of its journals; raises `RecordError`, also if there is a file."""
    try:
        journals_of(path).mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise RecordError(
            f"{journals_of(path)}: already exists, and may belong to another evacuation: choose another name for the"
            " record"
        ) from None
    except OSError as why:
        raise RecordError(f"{path}: {why.strerror}") from None
    try:
        write(path, made, replace=False)
    except RecordError:
        with contextlib.suppress(OSError):
            journals_of(path).rmdir()
        raise


def write(path: Path, made: Evacuation, *, replace: bool = True) -> None:
    """Write a record, completely or not at all, readable only by its owner; raises `RecordError`."""
    text = made.model_dump_json(indent=2).encode() + b"\n"
    try:
        with atomic_file.written(path, replace=replace) as file:
            file.write(text)
        atomic_file.sync_directory(path.parent)
    except atomic_file.Exists:
        raise RecordError(
            f"{path}: already exists, and is not overwritten: choose another name, or continue it with --resume"
        ) from None
    except OSError as why:
        raise RecordError(f"{path}: {why.strerror}") from None


def read_own(path: Path) -> tuple[Evacuation, str | None]:
    """Read a record that only the caller and root can write; raises `RecordError`.

    Return it with a description of who else can read or replace the file; None if nobody can.
    """
    try:
        opened = own_file.open_own(path)
    except UserError as why:
        raise RecordError(str(why)) from None
    return _read(path, opened.descriptor), opened.doubt


def read(path: Path) -> Evacuation:
    """Read anybody's record, to be shown only; raises `RecordError`."""
    try:
        descriptor = own_file.open_any(path)
    except UserError as why:
        raise RecordError(str(why)) from None
    return _read(path, descriptor)


def is_record(path: Path) -> bool:
    """Report whether a file is the record of an evacuation rather than a plan or a journal, by its first key."""
    try:
        descriptor = own_file.open_any(path)
        try:
            return b'"preflight_evacuation"' in os.read(descriptor, 256)
        finally:
            os.close(descriptor)
    except (UserError, OSError):
        return False


def _read(path: Path, descriptor: int) -> Evacuation:
    try:
        content = own_file.read(path, descriptor, MOST, MOST_MARKS).removeprefix(codecs.BOM_UTF8)
    except UserError as why:
        raise RecordError(str(why)) from None
    finally:
        os.close(descriptor)
    try:
        return document.read(EVACUATION, content)
    except document.Wrong as why:
        found = document.format_of(content, "preflight_evacuation")
        if found not in (None, FORMAT):
            raise RecordError(
                f"{path}: has format {found}, this preflight reads {FORMAT}: use the preflight that wrote it"
            ) from None
        raise RecordError(
            f"{path}: not the record of an evacuation: {why}; `preflight status` lists those that there are"
        ) from None


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of this record, on the directory of its journals; raises `RecordError` if another process does."""
    directory = journals_of(path)
    try:
        descriptor = _opened(directory)
    except OSError as why:
        raise RecordError(f"{directory}: {why.strerror}") from None
    try:
        _hold(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Report whether a process is at work on this evacuation now."""
    try:
        descriptor = _opened(journals_of(path))
    except OSError:
        return False
    try:
        return file_lock.is_held(descriptor)
    finally:
        os.close(descriptor)


def _opened(directory: Path) -> int:
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _hold(path: Path, descriptor: int) -> None:
    try:
        file_lock.hold(descriptor)
    except BlockingIOError:
        raise RecordError(
            f"{path}: in use by another preflight: wait for it, or see `preflight status {path}`"
        ) from None
    except OSError as why:
        raise RecordError(f"{path}: {why.strerror}") from None
