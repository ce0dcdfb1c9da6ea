"""Reader that turns sshd's configuration files into one sequence of directives, in the order in which sshd reads them.

Include is followed within the collected files; Match blocks are marked. `preflight.facts.ssh.sshd` interprets the
keywords. Follows `process_server_config_line` in OpenSSH's servconf.c and `argv_split` in misc.c.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from preflight.facts.fact import Record, Unreadable
from preflight.facts.text.located import Location
from preflight.units import KIB

MAIN = "/etc/ssh/sshd_config"
#: All files of this directory and the main file are collected, and no others.
DROP_INS = "/etc/ssh/sshd_config.d/"
#: Files that contain only algorithms, and need not be read (update-crypto-policies of RHEL, Fedora).
HARMLESS = ("/etc/crypto-policies/back-ends/opensshserver.config",)
#: servconf.c: SERVCONF_MAX_DEPTH.
DEEPEST = 16
#: Maximum number of characters that are read in total; each file counts as at least 1,000. sshd itself has no such
#: limit, but sixteen levels of files that include the next one twice are 65,536 files.
LIMIT = 512 * KIB

LINE = re.compile(r"[ \t\r\f]*([^ \t\r\f\"=#][^ \t\r\f\"=]*)[ \t\r\f]*=?[ \t\r\f]*")
WORD = re.compile(r"""[ \t\r\f]*((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^ \t\r\f"'\\])+)""")
QUOTED = re.compile(r"""\\([\\"' ])|["']""")


class Directive(Struct, frozen=True):
    """One keyword with its arguments."""

    #: In lower case.
    keyword: str
    arguments: tuple[str, ...]
    #: Location of the arguments.
    at: Location
    #: True if it is inside a Match block and applies to some connections only.
    conditional: bool


class Unseen(Struct, frozen=True):
    """A file that sshd reads at this point and that was not collected."""

    #: As written after Include.
    pattern: str
    #: The file that includes it.
    path: str


def read_files(record: Record) -> Mapping[str, str]:
    """Return the text of each collected file by its path; raises `Unreadable` if the main file is missing."""
    files = blocks(record.required())
    if MAIN not in files:
        raise Unreadable(f"{MAIN} does not exist")
    return files


def blocks(answer: str) -> Mapping[str, str]:
    """Return the text of each file of the answer, by its path."""
    named = (block.partition("\n") for block in answer.split("\x1f")[1:])
    return {path: text for path, _, text in named}


def directives(files: Mapping[str, str]) -> tuple[Directive | Unseen, ...]:
    """Return all directives that sshd reads from its files, in order; raises `Unreadable` if a limit is exceeded."""
    return tuple(_Reader(files).read(MAIN, conditional=False, depth=0))


def own_directives(path: str, text: str) -> Iterator[Directive]:
    """Yield the directives of one file, including Match and Include, without the files that it includes."""
    conditional = False
    for number, line in enumerate(text.split("\n"), 1):
        directive = _directive(path, number, line, conditional=conditional)
        if directive is None:
            continue
        if directive.keyword == "match":
            conditional = [word.lower() for word in directive.arguments] != ["all"]
        yield directive


class _Reader:
    """Reader that follows Include from file to file."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._paths = sorted(files)
        self._left = LIMIT

    def read(self, path: str, *, conditional: bool, depth: int) -> Iterator[Directive | Unseen]:
        """Yield the directives of one file and of all files that it includes."""
        self._left -= max(len(self._files[path]), 1000)
        if depth > DEEPEST or self._left < 0:
            raise Unreadable(f"{path} is too long or is included repeatedly")
        around = conditional
        for number, line in enumerate(self._files[path].split("\n"), 1):
            directive = _directive(path, number, line, conditional=conditional)
            if directive is None:
                continue
            if directive.keyword == "match":
                # until the next Match or the end of this file; the including file is not affected
                conditional = around or [word.lower() for word in directive.arguments] != ["all"]
            elif directive.keyword == "include":
                for pattern in directive.arguments:
                    yield from self._included(pattern, directive, depth)
            else:
                yield directive

    def _included(self, pattern: str, by: Directive, depth: int) -> Iterator[Directive | Unseen]:
        full = pattern if pattern.startswith(("/", "~")) else f"/etc/ssh/{pattern}"
        directory, _, last = full.rpartition("/")
        if full in HARMLESS:
            return
        if full != MAIN and f"{directory}/" != DROP_INS:
            if not by.conditional:
                yield Unseen(pattern, by.at.path)
            return
        self._left -= len(self._files)
        if self._left < 0:
            raise Unreadable(f"{by.at.path} has too many Include lines for the number of files present")
        for path in self._paths:
            # glob(3): a name with a leading dot matches only a pattern with a leading dot
            hidden = path.rpartition("/")[2].startswith(".") and not last.startswith(".")
            if not hidden and fnmatchcase(path, full):
                yield from self.read(path, conditional=by.conditional, depth=depth + 1)


def _words(line: str, at: int) -> Iterator[re.Match[str]]:
    # a number sign starts a comment only at the start of a word
    while (word := WORD.match(line, at)) and not word[1].startswith("#"):
        yield word
        at = word.end()


def _directive(path: str, number: int, line: str, *, conditional: bool) -> Directive | None:
    head = LINE.match(line)
    if head is None:
        return None
    words = list(_words(line, head.end()))
    start, end = (words[0].start(1), words[-1].end(1)) if words else (head.end(), head.end() + 1)
    return Directive(
        keyword=head[1].lower(),
        arguments=tuple(QUOTED.sub(lambda quote: quote[1] or "", word[1]) for word in words),
        at=Location(path, number, start + 1, end + 1, line),
        conditional=conditional,
    )
