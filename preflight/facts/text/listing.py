"""Lists that the collector made of libvirt's answers; libvirt may have told nothing, or not all of an entry."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import Fact, Record, Unreadable, read_json


class Named(Protocol):
    """An entry as the collector writes it."""

    @property
    def name(self) -> str:
        """The name that is told even where nothing else is."""


class Answer(Struct, frozen=True, kw_only=True):
    """What the collector writes of one kind, besides the list itself."""

    #: Why libvirt did not list them; None when it did.
    error: str | None = None


An = TypeVar("An", bound=Answer)
Told = TypeVar("Told", bound=Named)
Read = TypeVar("Read")


class Listing(Fact, frozen=True, kw_only=True):
    """What libvirt lists of one kind."""

    #: Why libvirt did not list them; None when it did.
    error: str | None = None

    def must_be_there(self, what: str) -> None:
        """Raise `Unreadable` when libvirt did not list them; `what` are they, as in "storage pools"."""
        if self.error is not None:
            raise Unreadable(f"libvirt did not list its {what}: {self.error}")


class PartialListing(Listing, frozen=True, kw_only=True):
    """A list whose entries are read one by one, so that one that was not told whole leaves the others."""

    #: By name, entries of which libvirt did not tell all, and why.
    unread: tuple[tuple[str, str], ...] = ()

    def must_be_read(self, name: str, what: str) -> None:
        """Raise `Unreadable` when the entry of that name, a `what`, was not told whole."""
        for unread, reason in self.unread:
            if unread == name:
                raise Unreadable(f"{what} {name}: {reason}")


def answered(record: Record, nothing: An, what: str) -> An:
    """The collector's answer, of the form of `nothing`; that with the reason where there is none.

    What needs none of them can then still be judged. `what` begins the sentence about an answer of another form.
    """
    try:
        text = record.required()
    except Unreadable as why:
        return replace(nothing, error=str(why))
    return read_json(text, type(nothing), what)


def read_each(
    told: Iterable[Told], read: Callable[[Told], Read]
) -> tuple[tuple[Read, ...], tuple[tuple[str, str], ...]]:
    """The entries that can be read, and by name why the others, for which `read` raises `Unreadable`, cannot."""
    found: list[Read] = []
    unread: list[tuple[str, str]] = []
    for one in told:
        try:
            found.append(read(one))
        except Unreadable as why:
            unread.append((one.name, str(why)))
    return tuple(found), tuple(unread)
