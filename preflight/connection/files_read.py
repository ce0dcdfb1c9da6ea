"""The files of a host that were read for its answers, with digests, for the record.

A digest is that of the text in the answers: the file's own, unless a secret in it was blanked out or a byte is not
UTF-8. The digest of the file itself would let anybody who has the answers try passwords.
"""

from collections.abc import Iterator

from msgspec import Struct

from preflight.answers import BLANK, FILES, Answers, Record

#: Records with several files, each after its name.
_SEVERAL = frozenset(("sshd_config", "daemons", "log-and-lock", "libvirt-files"))


class FileRead(Struct, frozen=True):
    """One file that was read."""

    path: str
    #: True if secrets in it were blanked out.
    redacted: bool
    #: Its text, or, in a report that was saved, the digest.
    text: str = ""
    known: str | None = None

    @property
    def sha256(self) -> str:
        """The digest of its text, in hexadecimal digits."""
        return self.known or digest_of(self.text)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal digits."""
    import hashlib  # which takes as long to load as all of these files to parse

    return hashlib.sha256(content).hexdigest()


def digest_of(text: str) -> str:
    """Return the digest by which a guest's definition is known."""
    return digest(text.encode("utf-8", "surrogatepass"))


def files_of(answers: Answers) -> tuple[FileRead, ...]:
    """Return the files that were read on a host, sorted by path."""
    found = {path: text for name, record in answers.records.items() for path, text in _in(name, record)}
    return tuple(FileRead(path, BLANK in found[path], found[path]) for path in sorted(found))


def _in(name: str, record: Record) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each file in a record."""
    if record.code != 0:
        return
    if name in FILES:
        yield FILES[name], record.out
    elif name in _SEVERAL:
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
