"""Keeps what long measurements have found, a line each as it is found, so that one that was cut off goes on there."""

import ast
import hashlib
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
    """The tested code: the commit, and the digest of what is tested, which decides whether a record is still valid.

    That is `TESTED`, unless a measurement says that it tests more.
    """

    commit: str
    migrate: str

    @classmethod
    def now(cls, *tested: str) -> "Code":
        """Of the files as they are; what is not committed is told by the word behind the commit."""
        paths = tested or (TESTED,)
        commit = command("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").stdout.strip()
        changed = command("git", "-C", str(ROOT), "status", "--porcelain", "--", *paths).stdout
        return cls(f"{commit}-modified" if changed else commit, digest(*(ROOT / path for path in paths)))


def digest(*paths: Path, comments: bool = True) -> str:
    """40 hex digits over what the code does: a file's name, its imports, comments and docstrings are left out.

    Of shell scripts too, unless with `comments`. Each path is a file, or a directory with all that is below it.
    """
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    parts = [_statements(path, comments=comments) for path in files if path.suffix in {".py", ".sh"}]
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(part).digest() for part in parts))).hexdigest()[:40]


def _statements(path: Path, *, comments: bool) -> bytes:
    if path.suffix != ".py":
        lines = path.read_bytes().splitlines(keepends=True)
        return b"".join(line for line in lines if comments or not line.lstrip().startswith(b"#"))
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, name, None), list):
                setattr(node, name, [each for each in block if not _says_nothing(each)])
    return ast.dump(tree).encode()


def _says_nothing(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


Line = TypeVar("Line", bound=Struct)


class Lines(Generic[Line]):
    """A file of JSON lines of one type."""

    def __init__(self, path: Path, type_: type[Line]) -> None:
        self.path, self._type = path, type_

    def read(self) -> list[Line]:
        """Return all of them; a last line that was cut off is left out."""
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
