"""What a run writes down before each step, synced, so that another can find out later how far it came.

A file of JSON lines: the plan first, then one line a step. A line that was cut off, when the machine lost its power or
the disk was full, is left out when the file is read.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct

from preflight.errors import UserError
from preflight.plan import MigrationPlan

#: The version of the file's format.
FORMAT = 1
#: Seconds that a guest which stands still waits at most for its line.
SOON = 0.005
#: What every step's line begins with.
_BEGINNING = b'{"step":"'

Step = Literal[
    #: A guest's move begins.
    "begin",
    #: preflight has paused it on the source, so that it converges.
    "paused",
    #: libvirt has said that the source has let it go.
    "handed-over",
    #: What an off guest needs besides its definition lies on the destination.
    "copied",
    #: It is defined on the destination and what was copied is whole there.
    "defined",
    #: A step that settles what went wrong.
    "settle",
    #: How it ended, as both hosts say.
    "ended",
    #: The run itself: begun, resumed, interrupted, over.
    "run",
    "resumed",
    "interrupted",
    "over",
]


class JournalError(UserError):
    """The file is no journal, or cannot be written or read. The text is one line for the user."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """One step. `at` is in seconds since the epoch, `told` what else belongs to it."""

    step: Step
    at: float
    guest: str | None = None
    told: dict[str, Any] = {}


class _Head(Struct, frozen=True):
    preflight_journal: int
    plan: MigrationPlan


class Journal:
    """A run's journal, held by one process at a time."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lock = threading.Lock()
        #: Whether what was written last may be the beginning of a line.
        self._is_cut = False
        #: Why a step could not be written down; None while all could.
        self.broken: str | None = None

    @classmethod
    def create(cls, path: Path, plan: MigrationPlan) -> Self:
        """Begin a journal; raises `JournalError`, also where the file exists: what it says may be needed yet."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise JournalError(
                f"{path}: exists; a journal is not written over: see `preflight status {path}`"
            ) from None
        except OSError as why:
            raise JournalError(f"{path}: {why.strerror}") from None
        made = cls(path, descriptor)
        made._hold()
        try:
            made._write(msgspec.json.encode(_Head(FORMAT, plan)))
            _sync_directory(path.parent)
        except (JournalError, OSError) as why:
            made.close()
            with contextlib.suppress(OSError):
                path.unlink()  # nothing was begun that it could tell of
            raise why if isinstance(why, JournalError) else JournalError(f"{path}: {why.strerror}") from None
        return made

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Go on with a journal; raises `JournalError`, also where another process still runs it, or it is none."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as why:
            raise JournalError(f"{path}: {why.strerror}") from None
        made = cls(path, descriptor)
        made._hold()
        try:
            read(path)  # or else a file that is no journal would be mended too
            made._mend()
        except JournalError:
            made.close()
            raise
        return made

    def write(self, step: Step, guest: str | None = None, **told: Any) -> None:
        """Write a step down, and return when it is on the disk; raises `JournalError`, and takes it back."""
        self._write(msgspec.json.encode(Entry(step, time.time(), guest, told)))

    def note(self, step: Step, guest: str | None = None, **told: Any) -> None:
        """As `write`, for what has happened already: where it cannot be written, the run goes on and `broken` says why.

        A guest that has arrived must be started, whatever became of this machine's disk.
        """
        try:
            self._write(msgspec.json.encode(Entry(step, time.time(), guest, told)), has_happened=True)
        except JournalError as why:
            self.broken = str(why)

    def note_soon(self, step: Step, guest: str | None = None, **told: Any) -> None:
        """As `note`, and return once the system has the line, or after `SOON`: it is synced while the run goes on.

        For what a guest that stands still would wait for.
        """
        written = threading.Event()

        def run() -> None:
            try:
                self._write(
                    msgspec.json.encode(Entry(step, time.time(), guest, told)), has_happened=True, written=written
                )
            except JournalError as why:
                self.broken = str(why)
            finally:
                written.set()

        thread = threading.Thread(target=run)  # no daemon: the process ends once it is on the disk
        thread.start()
        written.wait(SOON)

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(OSError):  # each line that counts was synced
            os.close(self._descriptor)

    def _write(self, line: bytes, *, has_happened: bool = False, written: threading.Event | None = None) -> None:
        with self._lock:
            left = b"\n" * self._is_cut + line + b"\n"
            before: int | None = None
            try:
                before = os.fstat(self._descriptor).st_size
                while left:
                    left = left[os.write(self._descriptor, left) :]
                self._is_cut = False
                if written is not None:
                    written.set()
                os.fsync(self._descriptor)
            except OSError as why:
                # a whole line that may not be on the disk yet stays where it tells what has happened
                if before is not None and (left or not has_happened):
                    self._take_back(before)
                raise JournalError(f"{self.path}: {why.strerror}") from None

    def _take_back(self, size: int) -> None:
        """Cut the file back to this size, at which a line ended; where that fails, the next begins a line."""
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:
            self._is_cut = True

    def _hold(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            self.close()
            is_held = isinstance(why, BlockingIOError)
            raise JournalError(
                f"{self.path}: {'another preflight is at work on it' if is_held else why.strerror}"
            ) from None

    def _mend(self) -> None:
        """Take away a line that was cut off, so that the next one begins a line."""
        try:
            text = self.path.read_bytes()
        except OSError as why:
            raise JournalError(f"{self.path}: {why.strerror}") from None
        whole = text.rfind(b"\n") + 1
        if whole != len(text):
            self._take_back(whole)


def read(path: Path) -> tuple[MigrationPlan, Sequence[Entry]]:
    """The plan and the steps; raises `JournalError`."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as why:
        raise JournalError(f"{path}: {why.strerror}") from None
    try:
        head = msgspec.json.decode(lines[0], type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise JournalError(f"{path}: is no journal of preflight's") from None
    if head.preflight_journal != FORMAT:
        raise JournalError(f"{path}: has format {head.preflight_journal}, this preflight reads {FORMAT}")
    return head.plan, tuple(_entries(path, lines[1:]))


def _entries(path: Path, lines: Sequence[bytes]) -> Iterator[Entry]:
    # behind the last end of a line is nothing, or a line that was cut off
    for number, line in enumerate(lines[:-1], 2):
        try:
            yield msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as why:
            if not _is_cut_off(line, str(why)):
                raise JournalError(f"{path}: line {number} is no step of a journal: {why}") from None


def _is_cut_off(line: bytes, why: str) -> bool:
    """Whether it is the beginning of a step, such as a full disk leaves: nothing is wrong with it but that it ends.

    `why` is msgspec's word (0.19 to 0.20): an end within a number it calls an invalid one, behind the last byte.
    """
    begins = line[: len(_BEGINNING)] == _BEGINNING[: len(line)]
    return begins and (why == "Input data was truncated" or why.endswith(f"invalid number (byte {len(line)})"))


def default_path(source: str, destination: str) -> Path:
    """Where a journal lies when no file is named: $XDG_STATE_HOME/preflight, by time and hosts."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    ends = "-".join("".join(c if c.isalnum() or c in ".-" else "_" for c in end)[:60] for end in (source, destination))
    return base / "preflight" / f"{time.strftime('%Y%m%dT%H%M%S')}-{ends}-{os.getpid()}.journal"


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
