"""The journal of a run: each step is written and synced before it is taken, so that a later run knows how far it came.

A file of JSON lines: the plan first, then one line per step. A line that was cut off because the machine lost power or
the disk was full is ignored when the file is read.
"""

import contextlib
import io
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from preflight import atomic_file, own_file
from preflight.errors import UserError
from preflight.migrate import file_lock
from preflight.schema import journal as schema
from preflight.schema.document import Wrong, format_of, is_cut_off
from preflight.schema.document import read as read_form
from preflight.schema.fields import MOST_SAID
from preflight.schema.journal import FORMATS, HEAD, READ, STEP, Entry, Head, Ready, StepName
from preflight.schema.plan import MigrationPlan
from preflight.visible import encodable

#: Longest time, in seconds, that a guest which is stopped for its hand-over waits for its line.
SOON = 0.005
#: The beginning of every step's line.
_BEGINNING = b'{"step":"'
#: Most bytes of a journal and of one line, and most lines. A definition has at most 4 MiB (`fields.Xml`), and Python
#: may need four bytes for each character.
MOST, LONGEST, MOST_LINES = 96 * 1024 * 1024, 16 * 1024 * 1024, 500_000
#: Most `own_file.marks` in a line: each wrong field is an error of its own. A line about 5,000 guests has 200,000.
MOST_MARKS = 400_000
#: What to do about a journal that cannot be read, whose guests may be on either host.
_LOOK = "; `virsh list --all` on both hosts shows where its guests are"


class JournalError(UserError):
    """The file is not a journal, or cannot be written or read. The text is one line for the user."""


class Journal:
    """A run's journal, held by one process at a time."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lock = threading.Lock()
        #: Lines and marks in the file, which `read` limits.
        self._lines = self._marks = 0
        #: True if the file may end with an incomplete line.
        self._is_cut = False
        #: Why a step could not be written; None as long as all could.
        self.broken: str | None = None
        #: Who besides the caller may read or replace the file that is resumed; None if nobody may.
        self.doubt: str | None = None

    @classmethod
    def create(cls, path: Path, plan: MigrationPlan) -> Self:
        """Create a journal; raises `JournalError`, also if the file exists: its contents may still be needed."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise JournalError(
                f"{path}: already exists, and a journal is never overwritten: see `preflight status {path}`"
            ) from None
        except OSError as why:
            raise JournalError(f"{path}: {why.strerror}") from None
        made = cls(path, descriptor)
        made._hold()
        try:
            made._write(Head(plan=plan).model_dump_json().encode())
            atomic_file.sync_directory(path.parent)
        except (JournalError, OSError) as why:
            made.close()
            made.discard()
            raise why if isinstance(why, JournalError) else JournalError(f"{path}: {why.strerror}") from None
        return made

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Resume a journal that only the caller and root can write.

        Raises `JournalError`, also if another process is still using it, or if it is not a journal.
        """
        try:
            opened = own_file.open_own(path, os.O_RDWR | os.O_APPEND)
        except UserError as why:
            raise JournalError(str(why)) from None
        made = cls(path, opened.descriptor)
        made.doubt = opened.doubt
        made._hold()
        try:
            made.read()  # otherwise a file that is not a journal would be truncated too
            made._mend()
        except JournalError:
            made.close()
            raise
        return made

    def read(self) -> tuple[MigrationPlan, Sequence[Entry]]:
        """Return the plan and the steps of the open file, whatever has its name by now; raises `JournalError`."""
        return _decode(self.path, self._content())

    def write(self, step: StepName, guest: str | None = None, **told: Any) -> None:
        """Write a step and return once it is on the disk; on failure, remove it again and raise `JournalError`."""
        self._write(self.ready(step, guest, **told).at(time.time()))

    def ready(self, step: StepName, guest: str | None = None, **told: Any) -> Ready:
        """Prepare a step's line for `note_soon`, all but its time; raises `JournalError` for an invalid step."""
        try:
            return schema.ready(step, guest, _kept(told))
        except Wrong as why:
            raise JournalError(f"{self.path}: {step}: {why}") from None

    def note(self, step: StepName, guest: str | None = None, **told: Any) -> None:
        """Write a step that has already happened: if that fails, the run continues and `broken` says why.

        A guest that has arrived must be started, even if this machine's disk is full or broken.
        """
        try:
            self._write(self.ready(step, guest, **told).at(time.time()), has_happened=True)
        except JournalError as why:
            self.broken = str(why)

    def note_soon(self, step: Ready) -> None:
        """Write a step as `note` does, but return once the system has the line, or after `SOON`; it is synced later.

        For a step during a guest's downtime. The step was prepared by `ready` before.
        """
        written = threading.Event()

        def run() -> None:
            try:
                self._write(step.at(time.time()), has_happened=True, written=written)
            except JournalError as why:
                self.broken = str(why)
            finally:
                written.set()

        thread = threading.Thread(target=run)  # not a daemon: the process exits only once the line is on the disk
        thread.start()
        written.wait(SOON)

    def discard(self) -> None:
        """Remove the file of a run in which nothing was begun."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Close the file and release its lock."""
        with contextlib.suppress(OSError):  # every line that matters was synced
            os.close(self._descriptor)

    def _write(self, line: bytes, *, has_happened: bool = False, written: threading.Event | None = None) -> None:
        with self._lock:
            left = b"\n" * self._is_cut + line + b"\n"
            before: int | None = None
            try:
                before = os.fstat(self._descriptor).st_size
                own = own_file.marks(left)
                marks = self._marks + own
                if (
                    len(left) > LONGEST
                    or own > MOST_MARKS
                    or before + len(left) > MOST
                    or self._lines >= MOST_LINES
                    or marks > own_file.MOST_MARKS
                ):
                    raise JournalError(
                        f"{self.path}: the journal is full: make a new plan for the guests that are left"
                    )
                while left:
                    left = left[os.write(self._descriptor, left) :]
                self._is_cut = False
                self._marks, self._lines = marks, self._lines + 1
                if written is not None:
                    written.set()
                os.fsync(self._descriptor)
            except OSError as why:
                # a complete line that may not be on the disk yet is kept if the step has happened
                if before is not None and (left or not has_happened):
                    self._take_back(before)
                raise JournalError(f"{self.path}: {why.strerror}") from None

    def _take_back(self, size: int) -> None:
        """Truncate the file to this size, at which a line ended; if that fails, the next write starts a new line."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:
            self._is_cut = True

    def _hold(self) -> None:
        try:
            file_lock.hold(self._descriptor)
        except OSError as why:
            self.close()
            if isinstance(why, BlockingIOError):
                raise JournalError(
                    f"{self.path}: in use by another preflight: wait for it, or see `preflight status {self.path}`"
                ) from None
            raise JournalError(f"{self.path}: {why.strerror}") from None

    def _content(self) -> bytes:
        try:
            return own_file.read(self.path, self._descriptor, MOST)
        except UserError as why:
            raise JournalError(str(why)) from None

    def _mend(self) -> None:
        """Remove an incomplete last line, so that the next write starts a new line."""
        content = self._content()
        self._lines, self._marks = content.count(b"\n"), own_file.marks(content)
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            self._take_back(whole)


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's fields with the messages of libvirt and of hosts shortened to what a journal may hold."""
    kept = {name: _text(value) for name, value in told.items()}
    for name in ("error", "why"):
        if isinstance(kept.get(name), str):
            kept[name] = kept[name][:MOST_SAID]
    if "rows" in kept:
        kept["rows"] = [_kept(row) for row in kept["rows"]]
    return kept


def _text(value: Any) -> Any:
    """Return the value as JSON can hold it: lone surrogates as escapes, a number that is not finite as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return encodable(value) if isinstance(value, str) else value


def read(path: Path) -> tuple[MigrationPlan, Sequence[Entry]]:
    """Return the plan and the steps of anybody's journal, to be read only; raises `JournalError`."""
    try:
        descriptor = own_file.open_any(path)
        try:
            content = own_file.read(path, descriptor, MOST)
        finally:
            os.close(descriptor)
    except UserError as why:
        raise JournalError(str(why)) from None
    return _decode(path, content)


def read_own(path: Path) -> tuple[MigrationPlan, Sequence[Entry], str | None]:
    """Return the plan and the steps of a journal that only the caller and root can write, whoever is at work on it.

    The last value says who else may read or replace the file; None if nobody may. Raises `JournalError`.
    """
    try:
        opened = own_file.open_own(path)
        try:
            content = own_file.read(path, opened.descriptor, MOST)
        finally:
            os.close(opened.descriptor)
    except UserError as why:
        raise JournalError(str(why)) from None
    return *_decode(path, content), opened.doubt


def is_held(path: Path) -> bool:
    """Report whether a process is at work on this journal now; raises `UserError` where it cannot be opened."""
    descriptor = own_file.open_any(path)
    try:
        return file_lock.is_held(descriptor)
    finally:
        os.close(descriptor)


def _decode(path: Path, content: bytes) -> tuple[MigrationPlan, Sequence[Entry]]:
    if content.count(b"\n") > MOST_LINES:
        raise JournalError(f"{path}: more than {MOST_LINES} lines{_LOOK}")
    lines = io.BytesIO(content)
    first = _bounded(path, 1, lines.readline(LONGEST + 1))
    try:
        head = read_form(HEAD, first)
    except Wrong as why:
        if (found := format_of(first, "preflight_journal")) not in (None, *FORMATS):
            raise JournalError(
                f"{path}: journal format {found} is not supported (supported: {READ}): use the preflight that wrote it"
            ) from None
        is_one = first.lstrip().startswith(b'{"preflight_journal"')
        said = f": {why}{_LOOK}" if is_one else ": name one that `preflight status` lists"
        raise JournalError(f"{path}: not a preflight journal{said}") from None
    return head.plan, tuple(_entries(path, lines))


def _entries(path: Path, lines: io.BytesIO) -> Iterator[Entry]:
    number = 1
    while line := _bounded(path, number := number + 1, lines.readline(LONGEST + 1)):
        if not line.endswith(b"\n"):
            return  # an incomplete line
        line = line[:-1]
        try:
            yield read_form(STEP, line, tagged=True)
        except Wrong as why:
            if not (line[: len(_BEGINNING)] == _BEGINNING[: len(line)] and is_cut_off(line)):
                raise JournalError(f"{path}: line {number} is not a valid journal step: {why}{_LOOK}") from None


def _bounded(path: Path, number: int, line: bytes) -> bytes:
    if len(line) > LONGEST:
        raise JournalError(f"{path}: line {number} has more than {LONGEST} bytes{_LOOK}")
    if own_file.marks(line) > MOST_MARKS:
        raise JournalError(f"{path}: line {number} has too many values{_LOOK}")
    return line


def default_directory() -> Path:
    """Return the directory of journals if no file is named: $XDG_STATE_HOME/preflight."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "preflight"


def default_path(source: str, destination: str) -> Path:
    """Return a new journal's path in `default_directory`, made of the time and the hosts."""
    return new_path(".journal", source, destination)


def new_path(ending: str, *hosts: str) -> Path:
    """Return the path of a new file in `default_directory`, made of the time, the hosts and the process."""
    return default_directory() / f"{time.strftime('%Y%m%dT%H%M%S')}-{named_after(*hosts)}-{os.getpid()}{ending}"


def named_after(*hosts: str, most: int = 60) -> str:
    """Return a part of a file's name that says which hosts the file is about, at most so many characters of each."""
    kept = ("".join(c if c.isascii() and (c.isalnum() or c in ".-") else "_" for c in host)[:most] for host in hosts)
    return "-".join(kept)
