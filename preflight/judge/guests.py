"""The pair of hosts and the guests that are judged."""

import enum
from collections.abc import Iterable, Mapping

from msgspec import Struct

from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.host import Guest, Guests, Host
from preflight.request.check_request import Migration, Selection
from preflight.request.migration import Role


class Pair(Struct, frozen=True):
    """The two ends, the requested migration, and the guests that are judged.

    `guests` maps each name to the guest, or to the reason why nothing is known about it; the name is None if not even
    the list of guests could be read.
    """

    source: Host
    destination: Host
    migration: Migration
    guests: Mapping[str | None, Guest | Unreadable]
    #: The guest as it will be that was asked for last: rules are applied guest by guest.
    last: dict[str | None, Guest] = {}

    def host(self, role: Role) -> Host:
        """Return the host in this role."""
        return self.source if role is Role.SOURCE else self.destination

    def migration_of(self, guest: str | None) -> Migration:
        """Return how this guest is migrated: offline if it is off and guests are migrated as they are."""
        found = self.guests.get(guest)
        if self.migration.as_they_are and isinstance(found, Guest) and not found.running:
            return self.migration.of_guests_off
        return self.migration

    def guest_of(self, role: Role, name: str | None) -> Guest:
        """Return the guest as it is on the source, or as it will be on the destination; raises `Unreadable`."""
        found = self.guests[name]
        if isinstance(found, Unreadable):
            raise found
        if role is Role.SOURCE:
            return found
        if name not in self.last:
            self.last.clear()
            self.last[name] = found.on_destination(self.migration.method.dname, self.migration.method.xml)
        return self.last[name]


class Skip(enum.StrEnum):
    """Why a guest of the source is not among the selected ones, if guests were selected by their kind."""

    OFF = "off"
    RUNNING = "running"
    LEFT_OUT = "left out"


class Choice(Struct, frozen=True):
    """The selected guests, as `Pair.guests` maps them, and the names of the others by the reason."""

    guests: Mapping[str | None, Guest | Unreadable]
    skipped: Mapping[Skip, tuple[str, ...]]


class NoSuchGuest(UserError):
    """Raised if a named guest does not exist on the source. The text is one line for the user.

    `name` is the name or the UUID that no guest has.
    """

    def __init__(self, text: str, name: str) -> None:
        """Take the line, and what was asked for."""
        super().__init__(text)
        self.name = name


def choose_guests(source: Host, selected: Selection) -> Choice:
    """Return the guests to judge: those named, or else all of the selected kind, without those that are left out.

    Raises `UserError` for a name, left out too, that no guest has, and for a guest that is both named and left out.
    """
    if selected.no_guests:
        return Choice({}, {})
    names = selected.guests
    try:
        guests = source.fact(Guests)
    except Unreadable as why:
        return Choice(dict.fromkeys(names, why) if names else {None: why}, {})
    left_out = _left_out(source, guests, selected.left_out)
    if names:
        named: dict[str | None, Guest | Unreadable] = dict(_named(source, guests, name) for name in names)
        for name in left_out.intersection(named):
            raise UserError(f"guest {name!r} is both selected by name and left out: name it once")
        return Choice(named, {})
    chosen: dict[str | None, Guest | Unreadable] = {}
    skipped: dict[Skip, list[str]] = {}
    for guest in guests.all:
        if guest.name in left_out:
            skipped.setdefault(Skip.LEFT_OUT, []).append(guest.name)
        elif selected.as_they_are or guest.running is not selected.offline:
            chosen[guest.name] = guest
        else:
            skipped.setdefault(Skip.RUNNING if guest.running else Skip.OFF, []).append(guest.name)
    for unread in guests.unread:
        if unread.name in left_out:
            skipped.setdefault(Skip.LEFT_OUT, []).append(unread.name)
        else:
            chosen[unread.name] = Unreadable(unread.reason)
    return Choice(chosen, {why: tuple(names) for why, names in skipped.items()})


def _left_out(source: Host, guests: Guests, typed: Iterable[str]) -> frozenset[str]:
    """Return the names of the guests that are left out; a comma separates them unless a guest has such a name."""
    unread = [(guest.name, guest.uuid) for guest in guests.unread]
    both = [*unread, *((guest.name, guest.uuid) for guest in guests.all)]
    known = {key: name for name, uuid in both for key in (uuid, name) if key}
    words = [word for text in typed for word in ([text] if text in known else map(str.strip, text.split(",")))]
    for word in words:
        if word not in known:
            raise _no_such(source, guests, word)
    return frozenset(known[word] for word in words)


def _named(source: Host, guests: Guests, name: str) -> tuple[str, Guest | Unreadable]:
    try:
        guest = guests.by_name(name) or guests.by_uuid(name)
    except Unreadable as why:
        return name, why
    if guest is None:
        raise _no_such(source, guests, name)
    return guest.name, guest


def _no_such(source: Host, guests: Guests, name: str) -> NoSuchGuest:
    names = sorted({other.name for other in guests.all} | {other.name for other in guests.unread})
    return NoSuchGuest(f"{source.name} has no guest {name!r}; it has: {', '.join(names) or 'none'}", name)
