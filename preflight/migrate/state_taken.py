"""Checks that no other guest on the destination uses a path to which a guest's state is about to be written.

A guest that is renamed keeps the path of its NVRAM. A later guest of the old name can therefore have the same path.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.migrate.root_shell import FilesError, Shell, as_root, require, script
from preflight.migrate.state_files import TPM, State

_RESOLVE = script("resolve")


def require_free(needed: Sequence[State], uuid: str, connection: Any, destination: Shell) -> None:
    """Raise `FilesError` if another definition uses a path that would be written; raises `libvirt.libvirtError`.

    `connection` is one to the destination's libvirt. An unreadable definition could use any path, so it raises too.
    """
    if not needed:
        return
    for name, paths in _definitions(connection, uuid):
        for state in needed:
            # through a symbolic link on the destination the path may differ, but the last name is still the same
            alike = [path for path in paths if posixpath.basename(path) == state.name]
            if any(path == state.path or path.startswith(f"{state.path}/") for path in paths) or (
                alike and _is_among(state, alike, destination)
            ):
                raise FilesError(f"{state.path}, its {state.what}, belongs to the guest {name} on the destination too")


def _is_among(state: State, paths: Sequence[str], destination: Shell) -> bool:
    answer = destination(as_root(_RESOLVE, state.path, *paths))
    own, *others = require(answer, state.path, "resolved on the destination").splitlines() or [""]
    if len(others) != len(paths):
        raise FilesError(f"{state.path} could not be resolved on the destination")
    return own in others


def _definitions(connection: Any, uuid: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every other guest's name, with each absolute path in its definition and, if active, in its live XML."""
    import libvirt

    for domain in connection.listAllDomains():
        if domain.UUIDString() == uuid:
            continue
        try:
            texts = {domain.XMLDesc(0), domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}
        except libvirt.libvirtError as why:
            if why.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # it has gone since it was listed
            raise
        name = domain.name()
        paths = [f"{TPM}/{domain.UUIDString()}"]
        for text in texts:
            try:
                root = parse_xml(text)
            except Unreadable as why:
                raise FilesError(f"the definition of {name} on the destination: {why}") from None
            for element in root.iter():
                words = ((element.text or "").strip(), *element.attrib.values())
                paths += [posixpath.normpath(word) for word in words if word.startswith("/")]
        yield name, paths
