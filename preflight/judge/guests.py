"""The pair of hosts and the guests that are judged."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.host import Guest, Guests, Host
from preflight.request.check_request import Migration
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
        return (
            found
            if role is Role.SOURCE
            else found.on_destination(self.migration.method.dname, self.migration.method.xml)
        )


class NoSuchGuest(UserError):
    """Raised if a named guest does not exist on the source. The text is one line for the user."""


def choose_guests(
    source: Host, names: Sequence[str], migration: Migration, *, none: bool
) -> dict[str | None, Guest | Unreadable]:
    """Return the guests to judge: those named, or else all that could be migrated in this way."""
    if none:
        return {}
    try:
        guests = source.fact(Guests)
    except Unreadable as why:
        return dict.fromkeys(names, why) if names else {None: why}
    if not names:
        chosen: dict[str | None, Guest | Unreadable] = {
            guest.name: guest for guest in guests.all if migration.as_they_are or guest.running is not migration.offline
        }
        return chosen | {unread.name: Unreadable(unread.reason) for unread in guests.unread}
    return dict(_named(source, guests, name) for name in names)


def _named(source: Host, guests: Guests, name: str) -> tuple[str, Guest | Unreadable]:
    try:
        guest = guests.by_name(name) or guests.by_uuid(name)
    except Unreadable as why:
        return name, why
    if guest is None:
        names = sorted({other.name for other in guests.all} | {other.name for other in guests.unread})
        known = ", ".join(names) or "none"
        raise NoSuchGuest(f"{source.name} has no guest {name!r}; it has: {known}")
    return guest.name, guest
