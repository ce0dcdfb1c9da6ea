"""Read sshd's configuration files into one row of directives, as sshd itself meets them.

Include is followed within what was collected; Match blocks are kept apart. What each keyword means is left to
`preflight.facts.sshd`. After `process_server_config_line` in OpenSSH's servconf.c and `argv_split` in misc.c.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from preflight.facts.located import Location, locate
from preflight.facts.record import Record, Unreadable

MAIN = "/etc/ssh/sshd_config"
#: All files of this directory are collected, and no other file than these and the main one.
DROP_INS = "/etc/ssh/sshd_config.d/"
#: Files of algorithms alone, so that it does no harm not to have read them (update-crypto-policies of RHEL, Fedora).
HARMLESS = ("/etc/crypto-policies/back-ends/opensshserver.config",)
#: servconf.c: SERVCONF_MAX_DEPTH.
DEEPEST = 16

BLANKS = " \t\r\f"
LINE = re.compile(r"[ \t\r\f]*([^ \t\r\f\"=#][^ \t\r\f\"=]*)[ \t\r\f]*=?[ \t\r\f]*")
WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^ \t\r\f"'\\])+""")
QUOTED = re.compile(r"""\\([\\"' ])|["']""")


@dataclass(frozen=True, slots=True)
class Directive:
    """One keyword with its arguments."""

    #: In lower case.
    keyword: str
    arguments: tuple[str, ...]
    #: Where the arguments are.
    at: Location
    #: Whether it stands below a Match, so that it holds for some connections only.
    conditional: bool


@dataclass(frozen=True, slots=True)
class Unseen:
    """A file that sshd reads at this place and that was not collected."""

    #: As it is written behind Include.
    pattern: str
    #: The file that includes it.
    path: str


def read_files(record: Record) -> Mapping[str, str]:
    """Each collected file's text by its path; raises `Unreadable` when the main one is not among them."""
    files = {}
    for block in record.required().split("\x1f")[1:]:
        path, _, text = block.partition("\n")
        files[path] = text
    if MAIN not in files:
        raise Unreadable(f"{MAIN} does not exist")
    return files


def directives(files: Mapping[str, str]) -> tuple[Directive | Unseen, ...]:
    """Everything that sshd reads from its files, in its order; raises `Unreadable` where it would give up."""
    return tuple(_file(files, MAIN, conditional=False, depth=0))


def _file(files: Mapping[str, str], path: str, *, conditional: bool, depth: int) -> Iterator[Directive | Unseen]:
    if depth > DEEPEST:
        raise Unreadable(f"{path} includes itself")
    text, around = files[path], conditional
    start = 0
    for line in text.split("\n"):
        directive = _line(path, text, start, line, conditional=conditional)
        start += len(line) + 1
        if directive is None:
            continue
        if directive.keyword == "match":
            # until the next Match or the end of this file; whoever includes it is not touched
            conditional = around or [word.lower() for word in directive.arguments] != ["all"]
        elif directive.keyword == "include":
            for pattern in directive.arguments:
                yield from _included(files, pattern, directive, depth)
        else:
            yield directive


def _line(path: str, text: str, start: int, line: str, *, conditional: bool) -> Directive | None:
    head = LINE.match(line)
    if head is None:
        return None
    words = []
    at = head.end()
    # a number sign begins a remark only at the start of a word
    while (word := WORD.match(line, at)) and not word.group().startswith("#"):
        words.append(word)
        at = word.end() + len(line[word.end() :]) - len(line[word.end() :].lstrip(BLANKS))
    first, last = (words[0].start(), words[-1].end()) if words else (head.end(), head.end() + 1)
    return Directive(
        keyword=head[1].lower(),
        arguments=tuple(QUOTED.sub(lambda quote: quote[1] or "", word.group()) for word in words),
        at=locate(path, text, start + first, start + last),
        conditional=conditional,
    )


def _included(files: Mapping[str, str], pattern: str, by: Directive, depth: int) -> Iterator[Directive | Unseen]:
    full = pattern if pattern.startswith(("/", "~")) else f"/etc/ssh/{pattern}"
    directory = full.rpartition("/")[0] + "/"
    if full in HARMLESS:
        return
    if full != MAIN and directory != DROP_INS:
        if not by.conditional:
            yield Unseen(pattern, by.at.path)
        return
    for path in sorted(files):
        name = path.rpartition("/")[2]
        hidden = name.startswith(".") and not full.rpartition("/")[2].startswith(".")
        if path.startswith(directory) and not hidden and fnmatchcase(path, full):
            yield from _file(files, path, conditional=by.conditional, depth=depth + 1)
