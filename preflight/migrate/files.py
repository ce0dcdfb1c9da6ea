"""Copies the files that a guest needs besides its definition, its NVRAM and its TPM's state, from host to host.

Each is written beside its place, compared by digest, and put in place by one rename; what was there is kept under a
dated name. Files that both hosts see, since they lie on shared storage, are left alone.
"""

import shlex
import time
from collections.abc import Iterator
from typing import Protocol
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.xml import parse_xml
from preflight.record import Record


class Shell(Protocol):
    """A host's shell, as root."""

    def __call__(self, command: str) -> Record:
        """The answer to a POSIX sh command; code 255 where there was none."""


class FilesError(Exception):
    """A file could not be copied whole. The text is the reason."""


class State(Struct, frozen=True):
    """One thing to copy: a file, or a directory with all that is in it."""

    path: str
    is_directory: bool


def states(xml: str, uuid: str) -> Iterator[State]:
    """What a guest keeps outside of its definition and its disks; raises `Unreadable`."""
    root = parse_xml(xml)
    nvram = root.find("os/nvram")
    path = None if nvram is None else _file(nvram)
    if path:
        yield State(path, is_directory=False)
    for backend in root.iterfind("devices/tpm/backend"):
        if backend.get("type") == "emulator" and backend.get("persistent_state", "yes") != "no":
            # qemuTPMEmulatorInitPaths (src/qemu/qemu_tpm.c): swtpmStorageDir, then the guest's UUID
            yield State(f"/var/lib/libvirt/swtpm/{uuid}", is_directory=True)
            break


def _file(nvram: Element) -> str | None:
    source = nvram.find("source")
    return source.get("file") if source is not None else (nvram.text or "").strip() or None


#: Each is run by root's `sh` with the path as $1. A sum is over all files below it, in the order of their names.
_SUM = 'cd "${p%/*}" && find "./${p##*/}" -type f | LC_ALL=C sort | while IFS= read -r f; do sha256sum <"$f"; done'
_DIGEST = f'p=$1; [ -e "$p" ] || exit 44; {{ {_SUM}; }} | sha256sum'
_READ = """p=$1; [ -e "$p" ] || exit 44; stat -c "%U:%G" -- "$p" || exit
tar -C "${p%/*}" -cf - -- "${p##*/}" | gzip -c | base64 -w 0"""
_STAGE = """p=$1; new=$p.preflight-new; mkdir -p -- "${p%/*}" && rm -rf -- "$new" && mkdir -m 700 -- "$new\""""
_IS_STAGED = '[ -d "$1.preflight-new" ]'
_UNSTAGE = 'rm -rf -- "$1.preflight-new"'
#: The owner, a date and the digest are $2 to $4; standard input is what _READ printed.
_PLACE = f"""at=$1; new=$at.preflight-new; name=${{at##*/}}; base64 -d | gzip -dc | tar -C "$new" -xpf - || exit
p=$new/$name; sum=$({{ {_SUM}; }} | sha256sum)
[ "$sum" = "$4" ] || {{ echo "what was written is not what was read" >&2; exit 1; }}
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
        if source(_command(_IS_STAGED, state)).code == 0:
            return False
        if is_same(state, source, destination):
            return True
        answer = source(_command(_READ, state))
        _must(answer, "read", state)
        owner, _, content = answer.out.partition("\n")
        place = _command(_PLACE, state, owner, time.strftime("%Y%m%dT%H%M%S"), digest.out.strip())
        _must(destination(f"printf %s '{content.strip()}' | {place}"), "written on the destination", state)
    finally:
        destination(_command(_UNSTAGE, state))
    if not is_same(state, source, destination):
        raise FilesError(f"{state.path}: the destination's is not the source's")
    return True


def is_same(state: State, source: Shell, destination: Shell) -> bool:
    """Whether both hosts have the same there, or neither has anything."""
    one, other = (shell(_command(_DIGEST, state)) for shell in (source, destination))
    return (one.missing and other.missing) or (one.code == other.code == 0 and one.out == other.out)


def _command(script: str, state: State, *more: str) -> str:
    return f"as_root sh -c {shlex.quote(script)} sh {shlex.join((state.path, *more))}"


def _must(answer: Record, done: str, state: State) -> None:
    if answer.code != 0:
        last = answer.err.strip().splitlines()[-1:] or [f"exit code {answer.code}"]
        raise FilesError(f"{state.path} could not be {done}: {last[0]}")
