"""Copies the files that a guest needs besides its definition, its NVRAM and its TPM's state, from host to host.

Each is written beside its place, compared by digest, and put in place by one rename; what was there is kept under a
dated name. Files that both hosts see, since they lie on shared storage, are left alone.
"""

import time
from collections.abc import Iterator
from typing import Protocol
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight import grammar
from preflight.facts.xml import parse_xml
from preflight.record import Record, Unreadable
from preflight.shell_text import ShellText, shell


class Shell(Protocol):
    """A host's shell, as root."""

    def __call__(self, command: ShellText) -> Record:
        """The answer to a POSIX sh command; code 255 where there was none."""


class FilesError(Exception):
    """A file could not be copied whole. The text is the reason."""


class State(Struct, frozen=True):
    """One thing to copy: a file, or a directory with all that is in it."""

    path: str
    is_directory: bool


def states(xml: str, uuid: str) -> Iterator[State]:
    """What a guest keeps outside of its definition and its disks; raises `Unreadable`.

    Raises `FilesError` for what libvirt would not find on the destination, and that cannot be copied either.
    """
    root = parse_xml(xml)
    nvram, varstore = root.find("os/nvram"), root.find("os/varstore")
    path = None if nvram is None else _file(nvram)
    if path is None and varstore is not None:
        path = varstore.get("path")
    if path:
        yield State(path, is_directory=False)
    for backend in root.iterfind("devices/tpm/backend"):
        # persistent_state says whether it outlives a transient guest; that of one that is defined is kept in any case
        if backend.get("type") == "emulator":
            if (source := backend.find("source")) is not None:
                raise FilesError(f"its TPM's state in {source.get('path')} (<source> of <tpm>) would not move with it")
            # qemuTPMEmulatorInitPaths (src/qemu/qemu_tpm.c): swtpmStorageDir, then the guest's UUID
            yield State(f"/var/lib/libvirt/swtpm/{uuid}", is_directory=True)
            break


def _file(nvram: Element) -> str | None:
    """The file's path; None where none is named, or it lies on a server that both hosts reach."""
    source = nvram.find("source")
    if source is None:
        return (nvram.text or "").strip() or None
    if nvram.get("type") not in ("file", "network"):
        raise FilesError(f"its NVRAM on {source.get('dev') or 'what is no file'} would not move with it")
    return source.get("file")


#: Each is run by root's `sh` with the path as $1. A sum is over all files below it, in the order of their names.
_SUM = 'cd "${p%/*}" && find "./${p##*/}" -type f | LC_ALL=C sort | while IFS= read -r f; do sha256sum <"$f"; done'
_DIGEST = f'p=$1; [ -e "$p" ] || exit 44; {{ {_SUM}; }} | sha256sum'
_READ = """p=$1; [ -e "$p" ] || exit 44; stat -c "%U:%G" -- "$p" || exit
tar -C "${p%/*}" -cf - -- "${p##*/}" | gzip -c | base64 -w 0"""
_STAGE = """p=$1; new=$p.preflight-new; mkdir -p -- "${p%/*}" && rm -rf -- "$new" && mkdir -m 700 -- "$new\""""
#: In words, since neither `[ -d` nor sudo tells a failure from a "no"; by the directory's list, which NFS reads anew
#: where it would answer for a single name from memory.
_WHOSE = """names=$(ls -a -- "${1%/*}") || exit; case "
$names
" in *"
${1##*/}.preflight-new
"*) echo both;; *) echo own;; esac"""
_UNSTAGE = 'rm -rf -- "$1.preflight-new"'
#: The owner, a date and the digest are $2 to $4; standard input is what _READ printed.
_PLACE = f"""at=$1; new=$at.preflight-new; name=${{at##*/}}; base64 -d | gzip -dc | tar -C "$new" -xpf - || exit
p=$new/$name; sum=$({{ {_SUM}; }} | sha256sum)
[ "${{sum%% *}}" = "$4" ] || {{ echo "what was written is not what was read" >&2; exit 1; }}
chown -R -- "$2" "$p" 2>/dev/null; sync
if [ -e "$at" ]; then mv -T -- "$at" "$at.preflight-$3" || exit; fi
mv -T -- "$p" "$at" && sync && rmdir -- "$new" || exit
! command -v restorecon >/dev/null || restorecon -RF "$at\""""


def copy(state: State, source: Shell, destination: Shell) -> bool:
    """Copy one; whether the destination has a copy of its own: not where there is none, or both hosts see the same.

    Raises `FilesError`.
    """
    digest = source(_command(_DIGEST, state))
    if digest.missing:
        return False
    _must(digest, "read", state)
    _must(destination(_command(_STAGE, state)), "written on the destination", state)
    try:
        whose = source(_command(_WHOSE, state))
        _must(whose, "looked for on both hosts", state)
        if whose.out.strip() == "both":
            return False
        if whose.out.strip() != "own":
            raise FilesError(f"{state.path}: whether both hosts see it, the source does not say")
        if is_same(state, source, destination):
            return True
        answer = source(_command(_READ, state))
        _must(answer, "read", state)
        owner, content, of_all = _typed(state, *answer.out.partition("\n")[::2], digest.out.removesuffix("  -\n"))
        place = _command(_PLACE, state, owner, time.strftime("%Y%m%dT%H%M%S"), of_all)
        placed = shell("printf %s @content@ | @place@", content=content, place=place)
        _must(destination(placed), "written on the destination", state)
    finally:
        destination(_command(_UNSTAGE, state))
    if not is_same(state, source, destination):
        raise FilesError(f"{state.path}: the destination's is not the source's")
    return True


def is_same(state: State, source: Shell, destination: Shell) -> bool:
    """Whether both hosts have the same there, or neither has anything."""
    one, other = (shell(_command(_DIGEST, state)) for shell in (source, destination))
    return (one.missing and other.missing) or (one.code == other.code == 0 and one.out == other.out)


def _typed(state: State, owner: str, content: str, digest: str) -> tuple[str, str, str]:
    """Return what the source said of a file, held against its form: the destination is given it in a command."""
    try:
        return grammar.OWNER.of(owner), grammar.BASE64.of(content.strip()), grammar.SHA256.of(digest.strip())
    except Unreadable as why:
        raise FilesError(f"{state.path}: the source's answer cannot be used: {why}") from None


def _command(script: str, state: State, *more: str) -> ShellText:
    return shell("as_root sh -c @script@ sh @arguments@", script=script, arguments=(state.path, *more))


def _must(answer: Record, done: str, state: State) -> None:
    if answer.code != 0:
        last = answer.err.strip().splitlines()[-1:] or [f"exit code {answer.code}"]
        raise FilesError(f"{state.path} could not be {done}: {last[0]}")
