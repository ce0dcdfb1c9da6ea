"""Lists that the collector made from libvirt's answers; a whole list or parts of an entry may be missing."""

import re
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import Fact, Record, Unreadable, read_json


class Named(Protocol):
    """Entry as the collector writes it."""

    @property
    def name(self) -> str:
        """The name, which is present even if nothing else is."""


class Answer(Struct, frozen=True, kw_only=True):
    """Fields that the collector writes for one kind of entry, besides the list itself."""

    #: Reason why libvirt did not list them, or None.
    error: str | None = None


#: The daemon that manages guests opens these sockets, of the drivers that run in daemons of their own, for each guest.
_OUT_OF_REACH = re.compile(r"Failed to connect socket to '\S*/(virt[a-z]+d)-sock': .+")

An = TypeVar("An", bound=Answer)
Told = TypeVar("Told", bound=Named)
Read = TypeVar("Read")


class Listing(Fact, frozen=True, kw_only=True):
    """Libvirt's list of one kind of entry."""

    #: Reason why libvirt did not list them, or None.
    error: str | None = None

    @property
    def unreachable_daemon(self) -> str | None:
        """The modular daemon that lists them, as "virtnetworkd", if libvirt could not connect to it; otherwise None."""
        found = _OUT_OF_REACH.fullmatch(self.error or "")
        return found and found[1]

    def must_be_there(self, what: str) -> None:
        """Raise `Unreadable` if libvirt did not list them; `what` names them, as in "storage pools"."""
        if self.error is not None:
            raise Unreadable(f"libvirt did not list its {what}: {self.error}")


class PartialListing(Listing, frozen=True, kw_only=True):
    """List whose entries are read one by one, so that an incomplete entry does not affect the others."""

    #: Names of the entries that could not be read completely, with the reasons.
    unread: tuple[tuple[str, str], ...] = ()

    def must_be_read(self, name: str, what: str) -> None:
        """Raise `Unreadable` if the entry of that name, a `what`, could not be read completely."""
        for unread, reason in self.unread:
            if unread == name:
                raise Unreadable(f"{what} {name}: {reason}")


def answered(record: Record, nothing: An, what: str) -> An:
    """Return the collector's answer in the form of `nothing`, or `nothing` with the reason if there is no answer.

    Rules that need none of the entries can then still be evaluated. `what` starts the error for malformed answers.
    """
    try:
        text = record.required()
    except Unreadable as why:
        return replace(nothing, error=str(why))
    return read_json(text, type(nothing), what)


def read_each(
    told: Iterable[Told], read: Callable[[Told], Read]
) -> tuple[tuple[Read, ...], tuple[tuple[str, str], ...]]:
    """Return the entries that can be read, and the name and reason of each for which `read` raises `Unreadable`."""
    found: list[Read] = []
    unread: list[tuple[str, str]] = []
    for one in told:
        try:
            found.append(read(one))
        except Unreadable as why:
            unread.append((one.name, str(why)))
    return tuple(found), tuple(unread)
