"""What a way is judged with: it remembers what of the destination a rule has looked at.

A result is the same for every destination at which what the rule has looked at is the same.
"""

from typing import Any, TypeVar, cast

from preflight.answers import Unreadable
from preflight.facts.fact import Fact
from preflight.host import Guest, Host
from preflight.judge.guests import Pair
from preflight.request.check_request import Migration
from preflight.request.data_uri import DataUri
from preflight.request.migration import Role, Transport

F = TypeVar("F", bound=Fact)


class WatchedMigration(Migration, frozen=True):
    """The migration to one destination, which remembers that its URI was looked at.

    A result is the same for every destination with the same facts unless the rule has looked at the URI.
    """

    uri: str | None = None
    #: What of the migration differs between destinations, without the URI and the address of its memory.
    kind: tuple[Transport, bool, bool] = (Transport.SSH, True, False)
    #: Not empty if it was; a list, so that it is also that of a migration made from this one.
    looks: list[bool] = []  # noqa: RUF012 - msgspec copies it for each one

    @property  # type: ignore[misc]  # it is read as the attribute is
    def destination_uri(self) -> str | None:
        """Return the libvirt URI of the destination, and remember that."""
        self.looks.append(True)
        return self.uri


class WatchedHost(DataUri, frozen=True):
    """The host of an inventory's migration address, which is the destination's own as its URI is."""

    given: str | None = None
    looks: list[bool] = []  # noqa: RUF012 - as above

    @property  # type: ignore[misc]  # it is read as the attribute is
    def host(self) -> str | None:
        """Return the host or address, and remember that it was looked at."""
        self.looks.append(True)
        return self.given


class _Seen:
    """A fact of the destination that remembers that it was looked at."""

    __slots__ = ("_fact", "_kind", "_seen")

    def __init__(self, fact: Fact, kind: type[Fact], seen: set[type[Fact]]) -> None:
        self._fact, self._kind, self._seen = fact, kind, seen

    def __getattr__(self, name: str) -> Any:
        self._seen.add(self._kind)
        return getattr(self._fact, name)

    def __eq__(self, other: object) -> bool:
        self._seen.add(self._kind)
        return self._fact == (other._fact if isinstance(other, _Seen) else other)

    def __hash__(self) -> int:
        self._seen.add(self._kind)
        return hash(self._fact)


class WatchedDestination:
    """A destination that remembers which of its facts a rule has looked at."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.seen: set[type[Fact]] = set()

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable`, which the rule has then looked at."""
        try:
            return cast("F", _Seen(self._host.fact(kind), kind, self.seen))
        except Unreadable:
            self.seen.add(kind)
            raise


class SentPair(Pair, frozen=True):
    """The pair of a way. Its guests as they will be are those of every way from the source."""

    #: The destination as rules see it.
    watching: WatchedDestination | None = None

    def host(self, role: Role) -> Host:
        """Return the host in this role."""
        if role is Role.DESTINATION and self.watching is not None:
            return cast("Host", self.watching)  # of which evaluation asks for facts alone
        return super().host(role)

    def guest_of(self, role: Role, name: str | None) -> Guest:
        """Return the guest as it is on the source, or as it will be on the destination; raises `Unreadable`."""
        if role is Role.SOURCE or name in self.last:
            return super().guest_of(role, name)
        found = self.guests[name]
        if isinstance(found, Unreadable):
            raise found
        self.last[name] = found.on_destination(self.migration.method.dname, self.migration.method.xml)
        return self.last[name]


def watched(migration: Migration, *, is_led: bool) -> WatchedMigration:
    """Return a migration that is watched; with `is_led` the host of its `--migrateuri` is the destination's own."""
    fields = {name: getattr(migration, name) for name in Migration.__struct_fields__ if name != "destination_uri"}
    looks: list[bool] = []
    if is_led and migration.memory_to.host is not None:
        fields["memory_to"] = WatchedHost(given=migration.memory_to.host, looks=looks)
    kind = (migration.transport, migration.source_over_ssh, is_led)
    return WatchedMigration(**fields, uri=migration.destination_uri, kind=kind, looks=looks)
