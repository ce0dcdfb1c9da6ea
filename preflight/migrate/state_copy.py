"""Copies the state files that a guest needs besides its definition (NVRAM, TPM state) from host to host.

No archive is unpacked. The source reports which files exist and what each contains, and preflight creates every
directory and file on the destination, in a staging directory that only root can enter. The source therefore cannot
bring about links, devices or paths of its choice. The staged files are listed on the destination and compared with the
source's listing, and then put in place. Files that both hosts see, because they are on shared storage, are left alone.
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

#: All of these run as root, with libvirt's directory as $1 and the name of our staging directory in it as $2.
_STAGE, _UNSTAGE, _WHOSE, _READ = map(script, ("stage", "unstage", "whose", "read"))
#: These enter the staging directory first.
_MAKE, _WRITE, _PLACE = (f"{script('enter')}\n{script(name)}" for name in ("make", "write", "place"))


def copy(state: State, source: Shell, destination: Shell) -> bool:
    """Copy one state; return True if the source keeps its own copy of what the destination now has too.

    Return False if the source has nothing there, or if both hosts see the same files. Raises `FilesError`.
    """
    wanted = listed(state, source)
    if wanted is None:
        return False
    there = _on_destination(state, destination)
    if there == wanted:
        return not _is_shared(state, source, destination)
    if state.home is None:
        raise FilesError(
            f"{state.path}, its {state.what}, differs on the destination and is outside libvirt's own directory, where"
            " preflight writes nothing: copy it there yourself"
        )
    if there is not None and there[0].is_directory is not state.is_directory:
        raise FilesError(f"{state.path} has a different type on the destination")
    with _staged(state.home, destination) as own:
        if _sees(state, own, source):
            raise FilesError(f"{state.path}: both hosts see it, but they read different content")
        for entry in wanted:
            _bring(state, entry, own, source, destination)
        if _on_destination(state, destination, at=f"{state.home}/{own}/{state.name}") != wanted:
            raise FilesError(f"{state.path}: the copy on the destination differs from what the source sent")
        _place(state, own, wanted, there or (), destination)
    return True


def is_same(state: State, source: Shell, destination: Shell) -> bool:
    """Report whether both hosts have the same files there, or neither has any; raises `FilesError`."""
    return listed(state, source) == _on_destination(state, destination)


def _on_destination(state: State, destination: Shell, *, at: str | None = None) -> Listing | None:
    try:
        return listed(state, destination, at=at)
    except FilesError as why:
        raise FilesError(f"on the destination, {why}") from None


def _is_shared(state: State, source: Shell, destination: Shell) -> bool:
    """Report whether both hosts see the same directory.

    A directory that is not libvirt's counts as shared: nothing can be written there to find out.
    """
    if state.home is None:
        return True
    with _staged(state.home, destination) as own:
        return _sees(state, own, source)


@contextmanager
def _staged(home: str, destination: Shell) -> Iterator[str]:
    """Make a directory on the destination that only root can enter, yield its name, and remove it afterwards."""
    own = f".preflight-{secrets.token_hex(8)}"
    require(destination(as_root(_STAGE, home, own)), home, "written to on the destination")
    try:
        yield own
    finally:
        destination(as_root(_UNSTAGE, home, own))


def _sees(state: State, own: str, source: Shell) -> bool:
    """Report whether the source sees the staging directory that was just made on the destination."""
    assert state.home is not None
    whose = require(source(as_root(_WHOSE, state.home, own)), state.path, "looked for on both hosts").strip()
    if whose not in ("both", "own"):
        raise FilesError(f"{state.path}: the source does not report whether both hosts see it")
    return whose == "both"


def _bring(state: State, entry: Entry, own: str, source: Shell, destination: Shell) -> None:
    """Create one of the source's directories or files in the destination's staging directory."""
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
    """Put the staged files in place, and keep what was there under a dated name."""
    assert state.home is not None
    names = [entry.name for entry in wanted]
    gone = [entry.name for entry in reversed(there) if entry.name not in names]
    kinds = {entry.name: entry.is_directory for entry in there}
    for entry in wanted:
        if kinds.get(entry.name, entry.is_directory) is not entry.is_directory:
            raise FilesError(f"{state.path}: {entry.name} has a different type on the destination")
    place = as_root(_PLACE, state.home, own, state.name, time.strftime("%Y%m%dT%H%M%S"), *gone, "--", *names)
    require(destination(place), state.path, "put in place on the destination")
