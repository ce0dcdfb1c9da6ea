"""Copies the files that a guest needs besides its definition, its NVRAM and its TPM's state, from host to host.

No archive is unpacked: the source says what lies there and what each file holds, and the destination makes every
directory and file by itself, in a directory of its own that nobody else can enter, so neither links nor devices nor
paths of the source's choice can come about. What was made is listed there and held against the source's listing; then
it is put in place. Files that both hosts see, since they lie on shared storage, are left alone.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from preflight import grammar
from preflight.answers import Unreadable
from preflight.migrate.root_shell import FilesError, Shell, as_root, require, script
from preflight.migrate.state_files import State
from preflight.migrate.state_listing import Entry, Listing, listed
from preflight.shell_text import shell

#: All run as root with libvirt's directory as $1 and the name of the directory of our own in it as $2.
_STAGE, _UNSTAGE, _WHOSE, _READ = map(script, ("stage", "unstage", "whose", "read"))
#: Those that go into our own directory first.
_MAKE, _WRITE, _PLACE = (f"{script('enter')}\n{script(name)}" for name in ("make", "write", "place"))


def copy(state: State, source: Shell, destination: Shell) -> bool:
    """Copy one; report whether the source has something there that the destination now has too, as its own.

    False where the source has nothing, or both hosts see the same. Raises `FilesError`.
    """
    wanted = listed(state, source)
    if wanted is None:
        return False
    there = _on_destination(state, destination)
    if there == wanted:
        return not _is_shared(state, source, destination)
    if state.home is None:
        raise FilesError(
            f"{state.path}, its {state.what}, is not the same on the destination, and lies outside of libvirt's own"
            " directory, where nothing is written: copy it there yourself"
        )
    if there is not None and there[0].is_directory is not state.is_directory:
        raise FilesError(f"{state.path} is of another type on the destination")
    with _staged(state.home, destination) as own:
        if _sees(state, own, source):
            raise FilesError(f"{state.path}: both hosts see it, and differ in what they read")
        for entry in wanted:
            _bring(state, entry, own, source, destination)
        if _on_destination(state, destination, at=f"{state.home}/{own}/{state.name}") != wanted:
            raise FilesError(f"{state.path}: what was written is not what was read")
        _place(state, own, wanted, there or (), destination)
    return True


def is_same(state: State, source: Shell, destination: Shell) -> bool:
    """Report whether both hosts have the same there, or neither has anything; raises `FilesError`."""
    return listed(state, source) == _on_destination(state, destination)


def _on_destination(state: State, destination: Shell, *, at: str | None = None) -> Listing | None:
    try:
        return listed(state, destination, at=at)
    except FilesError as why:
        raise FilesError(f"on the destination, {why}") from None


def _is_shared(state: State, source: Shell, destination: Shell) -> bool:
    """Report whether both hosts see the same directory; of one that is not libvirt's nothing is known, or done."""
    if state.home is None:
        return True
    with _staged(state.home, destination) as own:
        return _sees(state, own, source)


@contextmanager
def _staged(home: str, destination: Shell) -> Iterator[str]:
    """Make a directory on the destination that root alone can enter, and remove it afterwards; its name."""
    own = f".preflight-{secrets.token_hex(8)}"
    require(destination(as_root(_STAGE, home, own)), home, "written to on the destination")
    try:
        yield own
    finally:
        destination(as_root(_UNSTAGE, home, own))


def _sees(state: State, own: str, source: Shell) -> bool:
    """Report whether the source sees the directory that was just made on the destination."""
    assert state.home is not None
    whose = require(source(as_root(_WHOSE, state.home, own)), state.path, "looked for on both hosts").strip()
    if whose not in ("both", "own"):
        raise FilesError(f"{state.path}: whether both hosts see it, the source does not say")
    return whose == "both"


def _bring(state: State, entry: Entry, own: str, source: Shell, destination: Shell) -> None:
    """Make one directory or file of the source's in the directory that is the destination's own."""
    assert state.home is not None
    mode, written = f"{entry.mode:o}", "written on the destination"
    if entry.is_directory:
        require(destination(as_root(_MAKE, state.home, own, entry.name, mode)), state.path, written)
        return
    path = f"{state.path.rpartition('/')[0]}/{entry.name}"
    answer = require(source(as_root(_READ, path)), path, "read")
    try:
        content = grammar.BASE64.of(answer.strip())
    except Unreadable as why:
        raise FilesError(f"{path}: the source's answer cannot be used: {why}") from None
    write = as_root(_WRITE, state.home, own, entry.name, mode, str(entry.size))
    placed = shell("printf %s @content@ | @write@", content=content, write=write)
    require(destination(placed), path, written)


def _place(state: State, own: str, wanted: Listing, there: Listing, destination: Shell) -> None:
    """Put what was made in place, and keep what was there under a dated name."""
    assert state.home is not None
    names = [entry.name for entry in wanted]
    gone = [entry.name for entry in reversed(there) if entry.name not in names]
    kinds = {entry.name: entry.is_directory for entry in there}
    for entry in wanted:
        if kinds.get(entry.name, entry.is_directory) is not entry.is_directory:
            raise FilesError(f"{state.path}: {entry.name} is of another type on the destination")
    place = as_root(_PLACE, state.home, own, state.name, time.strftime("%Y%m%dT%H%M%S"), *gone, "--", *names)
    require(destination(place), state.path, "put in place on the destination")
