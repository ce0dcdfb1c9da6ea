"""Names a guest's state files, which it keeps besides its definition and its disks: firmware variables and TPM state.

Pure. This module decides what may be written on the destination, by path alone: a file directly in libvirt's NVRAM or
varstore directory, and the directory in libvirt's TPM directory that is named after the guest's UUID. A definition may
name any path; preflight never writes to any other.
"""

import posixpath
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight import grammar
from preflight.answers import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.migrate.root_shell import FilesError

#: libvirt's directories (virQEMUDriverConfigNew, src/qemu/qemu_conf.c): no release from 1.2.8 to 11.3 has a setting for
#: them, and distributions do not change them. The varstore directory was added together with the <varstore> element.
NVRAM: Final = "/var/lib/libvirt/qemu/nvram"
VARSTORE: Final = "/var/lib/libvirt/qemu/varstore"
TPM: Final = "/var/lib/libvirt/swtpm"


class State(Struct, frozen=True):
    """A state to copy: a file, or a directory with everything in it."""

    path: str
    is_directory: bool
    #: Its name in messages.
    what: str
    #: libvirt's own directory that contains it; None for a path elsewhere, which is compared but never written to.
    home: str | None

    @property
    def name(self) -> str:
        """The last component of its path."""
        return self.path.rpartition("/")[2]


def states(xml: str, uuid: str) -> Iterator[State]:
    """Yield the states that a guest keeps, by its definition; raises `Unreadable`.

    Raises `FilesError` for a state that libvirt would not find on the destination and that cannot be copied either.
    """
    root = parse_xml(xml)
    nvram, varstore = root.find("os/nvram"), root.find("os/varstore")
    path = None if nvram is None else _file(nvram)
    if path is not None:
        yield _state(path, NVRAM, "NVRAM")
    elif varstore is not None and (path := varstore.get("path")):
        yield _state(path, VARSTORE, "NVRAM")
    for backend in root.iterfind("devices/tpm/backend"):
        # persistent_state only matters to a transient guest: the state of a defined guest is kept in any case
        if backend.get("type") == "emulator":
            if (source := backend.find("source")) is not None:
                raise FilesError(f"its TPM's state in {source.get('path')} (<source> of <tpm>) would not move with it")
            # qemuTPMEmulatorInitPaths (src/qemu/qemu_tpm.c): swtpmStorageDir, then the guest's UUID
            path = f"{TPM}/{grammar.UUID.of(uuid)}"
            yield State(path, is_directory=True, what="TPM state", home=TPM)
            break


def _state(path: str, home: str, what: str) -> State:
    try:
        grammar.PATH.of(path)
    except Unreadable as why:
        raise FilesError(f"its {what} cannot be moved: {why}") from None
    directory, _, name = path.rpartition("/")
    if posixpath.normpath(path) != path or not name or name.startswith("."):
        raise FilesError(f"its {what} cannot be moved: {path!r} is not a plain path of a file")
    return State(path, is_directory=False, what=what, home=home if directory == home else None)


def _file(nvram: Element) -> str | None:
    """Return the file's path; None if none is named, or if it is on a server that both hosts reach."""
    source = nvram.find("source")
    if source is None:
        return (nvram.text or "").strip() or None
    if nvram.get("type") not in ("file", "network"):
        raise FilesError(f"its NVRAM on {source.get('dev') or 'something other than a file'} would not move with it")
    return source.get("file")
