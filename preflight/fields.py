"""Types of the fields of a plan and a journal: each with its form, its length or its range.

msgspec holds a document that is read to them; what is made inside the program is typed where it entered.
"""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from preflight.grammar import GUEST, UUID, Grammar


def _whole(grammar: Grammar) -> Meta:
    return Meta(pattern=rf"\A(?:{grammar.pattern})\Z", max_length=grammar.longest)


#: Text that is shown on one line, or given to libvirt as one value: no control character (C0, DEL, C1).
_LINE = r"[^\x00-\x1f\x7f-\x9f]*"

Uuid: TypeAlias = Annotated[str, _whole(UUID)]
GuestName: TypeAlias = Annotated[str, _whole(GUEST)]
Line: TypeAlias = Annotated[str, Meta(pattern=rf"\A(?:{_LINE})\Z", max_length=4096)]
#: A word of preflight's own: a fact's name with its end, a disk's target, a rule.
Word: TypeAlias = Annotated[str, Meta(pattern=rf"\A(?:{_LINE})\Z", max_length=255)]
#: What libvirt or a host said; printed only through `one_line`.
Said: TypeAlias = Annotated[str, Meta(max_length=8192)]
#: A guest's XML. libvirt's protocol carries no longer text (REMOTE_STRING_MAX of src/remote/remote_protocol.x: 4 MiB).
Xml: TypeAlias = Annotated[str, Meta(max_length=4 * 1024 * 1024)]
#: A host name, an address, or an address in brackets.
HostText: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.:%\[\]-]{1,255}\Z")]
Digest: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16,64}\Z")]
MachineId: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]

#: Seconds since the epoch, up to the year 9892: what strftime(3) can print.
Moment: TypeAlias = Annotated[float, Meta(ge=0, le=250_000_000_000)]
#: Seconds that something takes.
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e15)]
#: KiB, up to what 64 bits of bytes can count.
Kib: TypeAlias = Annotated[int, Meta(ge=0, le=2**54)]
#: The version of a document's format.
FormatNumber: TypeAlias = Annotated[int, Meta(ge=1, le=999)]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
Percent: TypeAlias = Annotated[int, Meta(ge=1, le=99)]

#: Forms in words, for errors: msgspec shows a pattern as it is.
_FORMS = {
    _whole(UUID).pattern: UUID.what,
    _whole(GUEST).pattern: GUEST.what,
    rf"\A(?:{_LINE})\Z": "one line without control characters",
    r"\A[A-Za-z0-9_.:%\[\]-]{1,255}\Z": "a host name or an address",
    r"\A[0-9a-f]{16,64}\Z": "a digest",
    r"\A[0-9a-f]{32}\Z": "a machine ID",
}


def explained(why: Exception) -> str:
    """An error of msgspec's with forms in words, and without an excerpt of any length."""
    if isinstance(why, RecursionError):
        return "it is nested too deeply"
    text = str(why)
    for pattern, what in _FORMS.items():
        text = text.replace(f"`str` matching regex {pattern!r}", what)
    return text if len(text) <= 300 else text[:300] + "…"


#: What decoding raises for a document that is not of its form.
ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
