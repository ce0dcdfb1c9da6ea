"""Names what a guest keeps besides its definition and its disks: its firmware's variables, and its TPM's state.

Pure. What may be written on the destination is decided here, and by path alone: libvirt's own directories, and there
what bears the guest's own name or UUID. A definition may name any path; none but these is ever written to.
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

#: Where libvirt keeps them (virQEMUDriverConfigNew, src/qemu/qemu_conf.c): no release from 1.2.8 to 11.3 has a setting
#: for it, and distributions leave it. The directory of varstores came with the element.
NVRAM: Final = "/var/lib/libvirt/qemu/nvram"
VARSTORE: Final = "/var/lib/libvirt/qemu/varstore"
TPM: Final = "/var/lib/libvirt/swtpm"


class State(Struct, frozen=True):
    """One thing to copy: a file, or a directory with all that is in it."""

    path: str
    is_directory: bool
    #: What it is to a person.
    what: str
    #: libvirt's own directory, which it lies in; None for a path elsewhere, which is compared and never written to.
    home: str | None

    @property
    def name(self) -> str:
        """Its name in its directory."""
        return self.path.rpartition("/")[2]


def states(xml: str, uuid: str) -> Iterator[State]:
    """Name what a guest keeps, by its definition; raises `Unreadable`.

    Raises `FilesError` for what libvirt would not find on the destination, and that cannot be copied either.
    """
    root = parse_xml(xml)
    nvram, varstore = root.find("os/nvram"), root.find("os/varstore")
    path = None if nvram is None else _file(nvram)
    if path is not None:
        yield _state(path, NVRAM, "NVRAM")
    elif varstore is not None and (path := varstore.get("path")):
        yield _state(path, VARSTORE, "NVRAM")
    for backend in root.iterfind("devices/tpm/backend"):
        # persistent_state says whether it outlives a transient guest; that of one that is defined is kept in any case
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
        raise FilesError(f"its {what} cannot be moved: {path!r} is not the plain path of a file")
    return State(path, is_directory=False, what=what, home=home if directory == home else None)


def _file(nvram: Element) -> str | None:
    """Return the file's path; None where none is named, or it lies on a server that both hosts reach."""
    source = nvram.find("source")
    if source is None:
        return (nvram.text or "").strip() or None
    if nvram.get("type") not in ("file", "network"):
        raise FilesError(f"its NVRAM on {source.get('dev') or 'what is no file'} would not move with it")
    return source.get("file")
