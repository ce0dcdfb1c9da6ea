"""Types for fields of values that are also in documents, each with its form, length or range.

A document is validated against them when it is read (`preflight.schema`); values from inside the program are validated
where they enter.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta

from preflight.grammar import GUEST, Grammar


def _whole(grammar: Grammar) -> Meta:
    return Meta(pattern=rf"\A(?:{grammar.pattern})\Z", max_length=grammar.longest)


#: Text that is shown on one line or passed to libvirt as one value: no control characters (C0, DEL, C1).
_LINE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
_HOST_TEXT = r"\A[A-Za-z0-9_.:%\[\]-]{1,255}\Z"

GuestName: TypeAlias = Annotated[str, _whole(GUEST)]
Line: TypeAlias = Annotated[str, Meta(pattern=_LINE, max_length=4096)]
#: A word of preflight's own: a fact's name with its end (source or destination), a disk's target, a rule.
Word: TypeAlias = Annotated[str, Meta(pattern=_LINE, max_length=255)]
#: A guest's XML. libvirt's protocol limits texts to 4 MiB (REMOTE_STRING_MAX of src/remote/remote_protocol.x).
Xml: TypeAlias = Annotated[str, Meta(max_length=4 * 1024 * 1024)]
#: A host name, an address, or an address in brackets.
HostText: TypeAlias = Annotated[str, Meta(pattern=_HOST_TEXT)]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
Percent: TypeAlias = Annotated[int, Meta(ge=1, le=99)]

#: Descriptions of the forms by pattern, for errors.
FORMS = {
    _whole(GUEST).pattern or "": GUEST.what,
    _LINE: "one line without control characters",
    _HOST_TEXT: "a host name or an address",
}
