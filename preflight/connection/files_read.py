"""The files of a host that were read for its answers, with digests, for the record.

A digest is that of the text in the answers: the file's own, unless a secret in it was blanked out or a byte is not
UTF-8. The digest of the file itself would let anybody who has the snapshot try passwords.
"""

import hashlib
from collections.abc import Iterator, Mapping

from msgspec import Struct

from preflight.answers import Answers, Record
from preflight.connection.conf_secrets import BLANK

#: Records that are one file.
_WHOLE: Mapping[str, str] = {
    "etc.hosts": "/etc/hosts",
    "nsswitch": "/etc/nsswitch.conf",
    "resolv": "/etc/resolv.conf",
    "machine-id": "/etc/machine-id",
    "libvirtd.conf": "/etc/libvirt/libvirtd.conf",
    "virtqemud.conf": "/etc/libvirt/virtqemud.conf",
    "virtproxyd.conf": "/etc/libvirt/virtproxyd.conf",
    "virtlockd.conf": "/etc/libvirt/virtlockd.conf",
    "qemu.conf": "/etc/libvirt/qemu.conf",
}


class FileRead(Struct, frozen=True):
    """The digest of one file that was read, and whether secrets in it were blanked out."""

    sha256: str
    redacted: bool


def files_of(answers: Answers) -> dict[str, FileRead]:
    """Return the files that were read on a host, by path."""
    return {path: _read(text) for path, text in texts_of(answers).items()}


def texts_of(answers: Answers) -> dict[str, str]:
    """Return the texts of the configuration files in the answers, by path."""
    found: dict[str, str] = {}
    for name, record in answers.records.items():
        found.update(_in(name, record))
    return found


def _in(name: str, record: Record) -> Iterator[tuple[str, str]]:
    if name in _WHOLE:
        if record.code == 0:
            yield _WHOLE[name], record.out
    elif name in ("sshd_config", "daemons", "log-and-lock", "libvirt-files") and record.code == 0:
        for part in record.out.split("\x1f")[1:]:
            path, _, text = part.partition("\n")
            if name == "libvirt-files":
                text, _, code = text.rpartition("\x1e")
                if code.strip() != "0":
                    continue
            elif name != "sshd_config":
                text = text.removesuffix("\n")  # which separates it from the next one
            if path.startswith("/"):
                yield path, text


def _read(text: str) -> FileRead:
    return FileRead(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), BLANK in text)
