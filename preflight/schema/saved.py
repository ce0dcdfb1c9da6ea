"""The form of a snapshot, declared once: `schema.snapshot` builds the document's model from it.

Most snapshots are unchanged since preflight wrote them, and msgspec reads those in a millisecond. A check of files
therefore does not load pydantic, which takes as long as the check itself.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

#: The version of the format, and the one before, which is read too.
FORMAT: Final = 2
FORMER: Final = 1

#: A command's standard output, its exit code, and its standard error.
Answer: TypeAlias = tuple[str, int, str]


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file that was read on a host."""

    sha256: Annotated[
        str,
        Meta(
            description="The SHA-256 of its text in the snapshot: the file's own, unless it is redacted or not UTF-8.",
        ),
    ]
    redacted: Annotated[bool, Meta(description="True if secrets in it were blanked out.")]


class SavedHost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answers of one host."""

    name: Annotated[str, Meta(description="The name by which the host was reached.")]
    records: Annotated[
        dict[str, Answer],
        Meta(
            description="Answers by the name of the record: standard output, exit code (44: no such file) and standard"
            " error, with a backslash escape for each byte that is not UTF-8."
        ),
    ]
    absent: Annotated[
        dict[str, str],
        Meta(
            description="Reasons for missing records, by the name of the record; the empty name stands for all others."
        ),
    ]
    peers: Annotated[
        tuple[str, ...],
        Meta(description="The hosts that this host was asked about, besides the other host of this file."),
    ]
    files: Annotated[
        dict[str, File], Meta(description="The files that were read on the host, by path, with their digests.")
    ]


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When, where, by whom and with which versions a snapshot was taken."""

    at: Annotated[int, Meta(ge=0, le=253402300799, description="The time, in seconds since the epoch.")]
    machine: Annotated[str, Meta(description="Host name of the machine on which preflight ran.")]
    user: Annotated[str, Meta(description="Name of the user who ran preflight.")]
    version: Annotated[str, Meta(description="Version of preflight.")]
    packs: Annotated[
        dict[str, str], Meta(description="Installed packs of rules whose questions were asked, with their versions.")
    ]


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot of one host, or of the two hosts of a check."""

    preflight_snapshot: Annotated[Literal[2], Meta(description="The version of this format.")]
    hosts: Annotated[
        list[SavedHost], Meta(min_length=1, description="The hosts: one, or the source and the destination.")
    ]
    made: Annotated[
        Made | None, Meta(description="When, where and by whom the snapshot was taken; null if that is not known.")
    ]


class FormerHost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answers of one host in the former format."""

    name: str
    records: dict[str, Answer]
    absent: dict[str, str]


class Former(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot in the former format."""

    preflight_snapshot: Literal[1]
    hosts: Annotated[list[FormerHost], Meta(min_length=1)]


_DECODER = msgspec.json.Decoder(Snapshot)
_FORMER = msgspec.json.Decoder(Former)


def quick(content: bytes) -> Snapshot | None:
    """Read a snapshot in the form in which this or an older preflight writes it.

    Returns None for every other text: `schema.snapshot.read` reads a snapshot that a later release wrote or that was
    edited, and says what is wrong with a text that is not a snapshot.
    """
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass  # often at its first field
    try:
        return brought_up(_FORMER.decode(content))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def brought_up(former: Former) -> Snapshot:
    """Return a snapshot of the former format in today's: it names no peer, no file and nobody who took it."""
    return Snapshot(
        preflight_snapshot=FORMAT,
        hosts=[SavedHost(one.name, one.records, one.absent, (), {}) for one in former.hosts],
        made=None,
    )
