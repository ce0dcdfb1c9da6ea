"""Keeps what long measurements have found, a line each as it is found, so that one that was cut off goes on there."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from .machine import command

ROOT = Path(__file__).parent.parent.parent
#: What is put to the test: records of another content of it do not count.
TESTED = "preflight/migrate"


class Code(Struct, frozen=True):
    """What was tested: the commit, and the digest of `TESTED` alone, which decides what a record is of."""

    commit: str
    migrate: str

    @classmethod
    def now(cls) -> "Code":
        """Read from git; what is not committed is told by the word behind."""
        commit, tree = (
            command("git", "-C", str(ROOT), "rev-parse", "--short=12", what).stdout.strip()
            for what in ("HEAD", f"HEAD:{TESTED}")
        )
        changed = command("git", "-C", str(ROOT), "status", "--porcelain", "--", TESTED).stdout
        return cls(commit, f"{tree}-modified" if changed else tree)


Line = TypeVar("Line", bound=Struct)


class Lines(Generic[Line]):
    """A file of JSON lines of one type."""

    def __init__(self, path: Path, type_: type[Line]) -> None:
        self.path, self._type = path, type_

    def read(self) -> list[Line]:
        """All of them; a last line that was cut off is left out."""
        if not self.path.exists():
            return []
        whole = self.path.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=self._type) for line in whole]

    def append(self, line: Line) -> None:
        """Add one, synced."""
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def keep(self, wanted: Callable[[Line], bool]) -> Sequence[Line]:
        """Forget all but these, and give them."""
        kept = [line for line in self.read() if wanted(line)]
        if len(kept) == len(self.read()):
            return kept
        partial = self.path.with_suffix(".partial")
        partial.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
        partial.rename(self.path)
        return kept
