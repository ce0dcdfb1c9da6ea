"""Looks whether another definition of the destination's names the place that a guest's state is to be written to.

The definition of a guest that was renamed keeps its NVRAM's path, so two guests of one name can have the same.
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
    """Raise `FilesError` where another definition has what would be written; raises `libvirt.libvirtError`.

    `connection` is one to the destination's libvirt. A definition that cannot be read may have any path.
    """
    if not needed:
        return
    for name, paths in _definitions(connection, uuid):
        for state in needed:
            # by another path, through a symbolic link of the destination's, the last name still is the same
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
    """Name each guest but this one, with every absolute path in its definition and, of an active one, in what runs."""
    import libvirt

    for domain in connection.listAllDomains():
        if domain.UUIDString() == uuid:
            continue
        try:
            texts = {domain.XMLDesc(0), domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}
        except libvirt.libvirtError as why:
            if why.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # it has gone meanwhile
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
