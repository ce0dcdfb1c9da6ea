"""`--obfuscate MAP`: hosts with other names and addresses, and the private file that says which became which."""

import json
import os
from pathlib import Path

from preflight import atomic_file, own_file
from preflight.answers import SavedHost
from preflight.connection.obfuscation import Obfuscation
from preflight.errors import UserError
from preflight.schema import obfuscation as schema
from preflight.schema.document import Wrong
from preflight.schema.document import read as read_document

#: Maximum size of a map, in bytes: 100,000 names and addresses take 8 MiB.
_MOST = 32 * 1024 * 1024


class Mapped:
    """An obfuscation with its map, which is read if it exists."""

    def __init__(self, path: Path) -> None:
        """Read the map; raises `UserError` if it is not one's own, or none."""
        self._path = path
        self.obfuscation = Obfuscation()
        self._addresses: dict[str, str] = {}
        if os.path.lexists(path):
            known = self._read()
            self.obfuscation = Obfuscation(known.key, known.names)
            self._addresses = dict(known.addresses)

    def hosts(self, hosts: list[SavedHost]) -> list[SavedHost]:
        """Return the hosts with other names and addresses, after the map was written; raises `UserError`."""
        found = self.obfuscation.hosts(hosts)
        self.write()
        return found

    def write(self) -> None:
        """Write the map, readable only by its owner; raises `UserError`."""
        document = schema.Map(
            preflight_obfuscation=schema.FORMAT,
            key=self.obfuscation.key,
            names=self.obfuscation.names,
            addresses=self._addresses | self.obfuscation.addresses,
        )
        try:
            with atomic_file.written(self._path) as file:
                file.write(json.dumps(document.model_dump(), indent=1).encode() + b"\n")
        except OSError as why:
            raise UserError(f"{self._path}: {why.strerror}") from None

    def _read(self) -> schema.Map:
        opened = own_file.open_own(self._path)
        try:
            private = os.fstat(opened.descriptor).st_mode & 0o077 == 0
            doubt = opened.replaced_by if private else "other users can read the file"
            if doubt is not None:
                raise UserError(
                    f"{self._path}: {doubt}, so it is not used as a map: keep it where only you can read and write it"
                )
            content = own_file.read(self._path, opened.descriptor, _MOST)
        finally:
            os.close(opened.descriptor)
        try:
            return read_document(schema.MAP, content)
        except Wrong as why:
            raise UserError(
                f"{self._path}: not a map of --obfuscate: {why}; name the file that it wrote, or a new one"
            ) from None
