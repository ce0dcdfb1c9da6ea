"""Hosts that are directories of configuration files, as Ansible renders them or a repository keeps them.

DIR/HOST/etc/... is one host each; a DIR with etc/ in it is one host. Only the files that preflight knows are read, and
only regular files: nothing is executed, no link is followed out of the directory, and no device or FIFO is opened.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from preflight.answers import FILES, MISSING, Answers, Record
from preflight.connection.redaction import redact
from preflight.connection.shell import RECORD_LIMIT, TOTAL_LIMIT
from preflight.errors import UserError
from preflight.facts.daemon.libvirt_files import OTHERS
from preflight.visible import one_line

#: Further files that are read, by record: those of a host that runs are not asked for.
ONLY_HERE = {"os-release": "/etc/os-release", "etc.passwd": "/etc/passwd", "etc.group": "/etc/group"}
#: Hosts of one directory, and entries of it or of a directory of sshd's files.
MOST_HOSTS, MOST_ENTRIES = 2000, 10_000


class Directory(Struct, frozen=True):
    """A host's directory: its name, the directory as it was typed, and what is in its files."""

    name: str
    path: str
    answers: Answers
    #: The path of each file as a reader finds it, by its path on the host.
    files: dict[str, str]
    #: The records of which at least one file is there.
    given: frozenset[str]


class _Refused(Exception):
    """A file that is there and is not read. The text is the reason."""


def read(directory: Path) -> Iterator[Directory]:
    """Yield the hosts of a directory, each when it is asked for: their files may be large.

    Raises `UserError` if there is no host, or for one that has none of the files.
    """
    try:
        root = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as why:
        reason = (why.strerror if isinstance(why, OSError) else None) or str(why)
        raise UserError(f"{directory}: {reason}") from None
    try:
        inside = str(Path(f"/proc/self/fd/{root}").readlink())
        if _is_directory(f"{inside}/etc", inside):
            yield _host(inside, inside, Path(inside).name or "etc", str(directory))
            return
        names = sorted(_entries(inside))
        found = [name for name in names if not name.startswith(".") and _is_directory(f"{inside}/{name}/etc", inside)]
        if not found:
            raise UserError(f"{directory}: contains neither etc/ nor HOST/etc/: name the directory that holds them")
        if len(found) > MOST_HOSTS:
            raise UserError(
                f"{directory}: contains {len(found)} hosts; the limit is {MOST_HOSTS}: name directories of fewer,"
                " one at a time"
            )
        for name in found:
            yield _host(f"{inside}/{name}", inside, name, str(directory / name))
    finally:
        os.close(root)


def _entries(path: str) -> list[str]:
    try:
        names = [entry.name for entry in Path(path).iterdir()]
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
    if len(names) > MOST_ENTRIES:
        raise UserError(
            f"{path}: contains {len(names)} entries; the limit is {MOST_ENTRIES}: name a directory of fewer hosts"
        )
    return names


def _is_directory(path: str, inside: str) -> bool:
    try:
        descriptor = _found(path, inside)
    except (OSError, ValueError, _Refused):
        return False
    try:
        return stat.S_ISDIR(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def _host(base: str, inside: str, name: str, path: str) -> Directory:
    """Read the files of one host."""
    shown, known = _shown(path), _shown(name)
    reader = _Reader(base, inside, shown)
    answers = Answers()
    for record, file in (FILES | ONLY_HERE).items():
        reader.keep(answers, record, file)
    _keep_sshds(reader, answers)
    _keep_libvirts(reader, answers)
    if not reader.files:
        raise UserError(f"{shown}/etc: contains none of the files that preflight judges: see the list in docs/lint.md")
    answers.records = {record: redact(record, answer) for record, answer in answers.records.items()}
    answers.records["files"] = Record("".join(f"{file}\n" for file in reader.files))
    given = {name for name, answer in answers.records.items() if not answer.missing} | set(answers.absent)
    return Directory(known, shown, answers, reader.files, frozenset(given))


def _shown(path: str) -> str:
    """Return a path of any bytes as text in one line."""
    return one_line(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _keep_sshds(reader: "_Reader", answers: Answers) -> None:
    """Put sshd's files together as the question about them does, each after a line with its name."""
    texts = []
    names = reader.names("/etc/ssh/sshd_config.d")
    for path in ("/etc/ssh/sshd_config", *(f"/etc/ssh/sshd_config.d/{name}" for name in names)):
        try:
            text = reader.text(path)
        except _Refused as why:
            answers.absent["sshd_config"] = str(why)
            return
        if text is not None:
            texts.append(f"\x1f{path}\n{text}")
    answers.records["sshd_config"] = Record("".join(texts)) if texts else Record("", MISSING)


def _keep_libvirts(reader: "_Reader", answers: Answers) -> None:
    """Put libvirt's other files together as the question about them does."""
    texts = []
    for path in (f"/etc/libvirt/{name}" for name in OTHERS):
        try:
            text = reader.text(path)
        except _Refused as why:
            answers.absent["libvirt-files"] = str(why)
            return
        texts.append(f"\x1f{path}\n{text or ''}\x1e{MISSING if text is None else 0}\n")
    found = any(f"/etc/libvirt/{name}" in reader.files for name in OTHERS)
    answers.records["libvirt-files"] = Record("".join(texts)) if found else Record("", MISSING)


class _Reader:
    """Reader of the files of one host; `files` are those that were there."""

    def __init__(self, base: str, inside: str, shown: str) -> None:
        self._base, self._inside, self._shown = base, inside, shown
        self.files: dict[str, str] = {}
        #: Bytes that may still be read.
        self._left = TOTAL_LIMIT

    def keep(self, answers: Answers, record: str, path: str) -> None:
        """Add a record if its file is there, or the reason why it is not read."""
        try:
            text = self.text(path)
        except _Refused as why:
            answers.absent[record] = str(why)
            return
        answers.records[record] = Record("", MISSING) if text is None else Record(text)

    def names(self, path: str) -> list[str]:
        """Return the names of the files in a directory of the host; none if there is no such directory."""
        if not _is_directory(self._base + path, self._inside):
            return []
        names = sorted(_entries(self._base + path))
        return [name for name in names if not _is_directory(f"{self._base}{path}/{name}", self._inside)]

    def text(self, path: str) -> str | None:
        """Return the text of a file, None if there is none; raises `_Refused`."""
        shown = self._shown + path
        if not path.isprintable():
            raise _Refused(f"{_shown(shown)}: the name of the file cannot be shown")
        try:
            descriptor = _found(self._base + path, self._inside)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as why:
            self.files[path] = shown
            raise _Refused(f"{shown}: {why.strerror}") from None
        except _Refused as why:
            self.files[path] = shown
            raise _Refused(f"{shown}: {why}") from None
        self.files[path] = shown
        try:
            text = _text(descriptor, shown, min(self._left, RECORD_LIMIT))
        finally:
            os.close(descriptor)
        self._left -= len(text)
        return text


def _found(path: str, inside: str) -> int:
    """Return a descriptor that only points to a path; raises `_Refused` if that is not in the directory."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    where = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    if not where.startswith(inside.rstrip("/") + "/"):
        os.close(descriptor)
        raise _Refused("leads out of the directory")
    return descriptor


def _text(descriptor: int, shown: str, most: int) -> str:
    """Return the text of a file of at most so many bytes; raises `_Refused`."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _Refused(f"{shown}: is not a regular file")
    try:  # what was looked at, whatever has its name by now
        opened = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as why:
        raise _Refused(f"{shown}: {why.strerror}") from None
    with os.fdopen(opened, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _Refused(
            f"{shown}: a file may have {RECORD_LIMIT >> 20} MiB, and all files of a host {TOTAL_LIMIT >> 20} MiB"
        )
    return content.decode("utf-8", "backslashreplace")
