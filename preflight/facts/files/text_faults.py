"""Text in configuration files that no program reads as its author meant it.

A byte order mark, a template that was not rendered, and a space that is not ASCII's come from editors and tools, and
most of them are invisible. Comments are left out, unless the fault keeps a program from seeing that they are comments.
"""

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.answers import FILES
from preflight.facts.daemon.libvirt_files import of_answer
from preflight.facts.fact import OPTIONAL, Fact, Record
from preflight.facts.ssh.sshd_config import blocks
from preflight.facts.text.bounds import LONGEST_LINE
from preflight.facts.text.located import Location

#: UTF-8's mark as it is decoded, and those of UTF-16, which is not decoded.
_MARKS = ("\ufeff", "\\xff\\xfe", "\\xfe\\xff")
# compiled when first used: a check loads this module for rules that it does not apply

#: The beginnings of Jinja's expressions, statements and comments, of ERB's tags, and of a variable of a shell or of
#: Terraform.
_TEMPLATE = r"\{\{|\{%|\{#|<%|\$\{[A-Za-z_]"
_ENDS = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
#: The spaces of Unicode (category Zs) that are not ASCII's, and those of no width.
_SPACE = "[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]"
#: Keywords of sshd whose arguments a shell runs: braces and variables belong there.
_COMMAND = r"(?i:[ \t]*(?:forcecommand|subsystem)[ \t=])"
#: Text in quotes; a quote that is not closed ends with the line.
_QUOTED = r"""\"[^"]*\"?|'[^']*'?"""
#: Findings of each kind in one file: a file in UTF-16 has one in each line.
_MOST = 20


class Reader(enum.StrEnum):
    """The program that reads a file, which decides what a fault leads to."""

    LIBVIRT = "libvirt"
    SSHD = "sshd"
    #: The C library, which passes over what it does not understand.
    RESOLVER = "resolver"


class TextFault(Struct, frozen=True):
    """A fault and its place."""

    reader: Reader
    #: The wrong text; of a space, its name, as U+3000.
    what: str
    at: Location


class TextFaults(Fact, frozen=True, kw_only=True):
    """The faults in the text of a host's configuration files."""

    #: True if the host's daemons were seen: they run with what they have read, and read this at their next start.
    is_running: bool
    byte_order_marks: tuple[TextFault, ...]
    templates: tuple[TextFault, ...]
    spaces: tuple[TextFault, ...]
    #: Why files could not be read.
    unread: tuple[str, ...]

    @classmethod
    def parse(
        cls,
        etc_hosts: Annotated[Record, "etc.hosts", OPTIONAL],
        nsswitch: Annotated[Record, OPTIONAL],
        resolv: Annotated[Record, OPTIONAL],
        libvirtd_conf: Annotated[Record, "libvirtd.conf", OPTIONAL],
        virtqemud_conf: Annotated[Record, "virtqemud.conf", OPTIONAL],
        virtproxyd_conf: Annotated[Record, "virtproxyd.conf", OPTIONAL],
        virtlockd_conf: Annotated[Record, "virtlockd.conf", OPTIONAL],
        qemu_conf: Annotated[Record, "qemu.conf", OPTIONAL],
        libvirt_files: Annotated[Record, "libvirt-files", OPTIONAL],
        sshd_config: Annotated[Record, "sshd_config", OPTIONAL],
        daemons: Annotated[Record, OPTIONAL],
    ) -> Self:
        """Search every file that could be read."""
        single = {
            "etc.hosts": etc_hosts,
            "nsswitch": nsswitch,
            "resolv": resolv,
            "libvirtd.conf": libvirtd_conf,
            "virtqemud.conf": virtqemud_conf,
            "virtproxyd.conf": virtproxyd_conf,
            "virtlockd.conf": virtlockd_conf,
            "qemu.conf": qemu_conf,
        }
        texts = {FILES[name]: record.out for name, record in single.items() if not record.code}
        texts |= {path: record.out for path, record in of_answer(libvirt_files) if not record.code}
        texts |= blocks(sshd_config.out)
        return cls(
            is_running=not daemons.code,
            byte_order_marks=tuple(_search(texts, _marks)),
            templates=tuple(_search(texts, _templates)),
            spaces=tuple(_search(texts, _spaces)),
            unread=tuple(
                record.complaint or f"{name} could not be read"
                for name, record in ({**single, "libvirt-files": libvirt_files, "sshd_config": sshd_config}).items()
                if record.code and not record.missing
            ),
        )


def _search(
    texts: Mapping[str, str], find: Callable[[Reader, str, str], Iterator[tuple[str, Location]]]
) -> Iterator[TextFault]:
    for path, text in texts.items():
        reader = _reader(path)
        for number, (what, at) in enumerate(find(reader, path, text)):
            if number == _MOST:
                break
            yield TextFault(reader, what, at)


def _reader(path: str) -> Reader:
    if path.startswith("/etc/libvirt/"):
        return Reader.LIBVIRT
    return Reader.SSHD if path.startswith("/etc/ssh/") else Reader.RESOLVER


def _marks(reader: Reader, path: str, text: str) -> Iterator[tuple[str, Location]]:
    for mark in _MARKS:
        line = text.partition("\n")[0][:LONGEST_LINE]
        if not text.startswith(mark):
            continue
        # the C library passes over a line that it does not understand, which a comment or an empty line is meant to be
        if mark != _MARKS[0] or reader is not Reader.RESOLVER or _said(reader, line[1:]).strip():
            yield ("UTF-8" if mark == _MARKS[0] else "UTF-16"), Location(path, 1, 1, len(mark) + 1, line)


def _templates(reader: Reader, path: str, text: str) -> Iterator[tuple[str, Location]]:
    if not re.search(_TEMPLATE, text):
        return
    for number, line in _lines(text):
        found = re.search(_TEMPLATE, line)
        if found is None or found.start() >= len(_said(reader, line)):
            continue
        if reader is Reader.SSHD and re.match(_COMMAND, line):
            continue
        ending = _ENDS.get(found[0], "}")
        end = line.find(ending, found.end())
        end = found.end() if end < 0 else end + len(ending)
        yield line[found.start() : end], Location(path, number, found.start() + 1, end + 1, line)


def _spaces(reader: Reader, path: str, text: str) -> Iterator[tuple[str, Location]]:
    if text.isascii() or not re.search(_SPACE, text):
        return
    for number, line in _lines(text):
        # a byte order mark has a finding of its own
        start = 1 if number == 1 and line.startswith(_MARKS[0]) else 0
        said = _said(reader, line)
        found = re.compile(_SPACE).search(said, start)
        if found is None or (reader is Reader.RESOLVER and not re.sub(_SPACE, " ", said).strip()):
            continue
        what = f"U+{ord(found[0]):04X}"
        yield what, Location(path, number, found.start() + 1, found.end() + 1, line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that may have been written by a person, with its number."""
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if len(line) <= LONGEST_LINE)


def _said(reader: Reader, line: str) -> str:
    """Return a line up to its comment; in libvirt's files, text in quotes is blanked out, since any is allowed there.

    sshd takes a number sign for the start of a comment only at the start of a word, where only ASCII's spaces end one.
    """
    if reader is Reader.LIBVIRT:
        line = re.sub(_QUOTED, lambda quoted: "x" * len(quoted[0]), line)
    if reader is Reader.SSHD:
        comment = re.search(r"(?:^|[ \t])#", line)
        return line if comment is None else line[: comment.start()]
    return line.partition("#")[0]
