"""The form of a snapshot, declared once: `schema.snapshot` builds the document's model from it.

Most snapshots are unchanged since preflight wrote them, and msgspec reads those in a millisecond. A check of files
therefore does not load pydantic, which takes as long as the check itself.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

#: The version of the format.
FORMAT: Final = 1

#: A command's standard output, its exit code, and its standard error.
Answer: TypeAlias = tuple[str, int, str]


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


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot of one host, or of the two hosts of a check."""

    preflight_snapshot: Annotated[Literal[1], Meta(description="The version of this format.")]
    hosts: Annotated[
        list[SavedHost], Meta(min_length=1, description="The hosts: one, or the source and the destination.")
    ]


_DECODER = msgspec.json.Decoder(Snapshot)


def quick(content: bytes) -> Snapshot | None:
    """Read a snapshot in the form in which preflight writes it.

    Returns None for every other text: `schema.snapshot.read` reads a snapshot that a later release wrote or that was
    edited, and says what is wrong with a text that is not a snapshot.
    """
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
