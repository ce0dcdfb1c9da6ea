"""What a way is judged with: it remembers what of the destination a rule has looked at.

A result is the same for every destination at which what the rule has looked at is the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

from preflight.answers import Unreadable
from preflight.facts.fact import Fact
from preflight.fleet.content import Related
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


class Look(NamedTuple):
    """What a rule has looked at: an attribute of a fact, or what a method of it has answered."""

    kind: type[Fact]
    #: Empty for all of the fact.
    name: str = ""
    #: What a method was called with; None for an attribute.
    given: tuple[object, ...] | None = None

    def value(self, fact: Fact) -> object:
        """Look at the same of a fact of this kind; raises `Unreadable`."""
        found = getattr(fact, self.name)
        return found if self.given is None else found(*self.given)


class _Seen:
    """A fact of the destination that remembers what of it was looked at."""

    __slots__ = ("_fact", "_kind", "_seen")

    def __init__(self, fact: Fact, kind: type[Fact], seen: dict[Look, None]) -> None:
        self._fact, self._kind, self._seen = fact, kind, seen

    def __getattr__(self, name: str) -> Any:
        try:
            found = getattr(self._fact, name)
        except Unreadable:
            self._all()
            raise
        if callable(found):
            return partial(self._call, name, found)
        self._seen[Look(self._kind, name)] = None
        return found

    def __eq__(self, other: object) -> bool:
        self._all()
        return self._fact == (other._fact if isinstance(other, _Seen) else other)

    def __hash__(self) -> int:
        self._all()
        return hash(self._fact)

    def _all(self) -> None:
        self._seen[Look(self._kind)] = None

    def _call(self, name: str, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        is_plain = not named and all(isinstance(one, str | int | None) for one in given)
        try:
            found = method(*given, **named)
        except Unreadable:
            self._all()
            raise
        self._seen[Look(self._kind, name, given) if is_plain else Look(self._kind)] = None
        return found


class WatchedDestination:
    """A destination that remembers what of its facts a rule has looked at."""

    def __init__(self, host: Related) -> None:
        self._host = host
        #: In order, without the facts that the way's own answers change.
        self.seen: dict[Look, None] = {}
        #: True if one of these was taken.
        self.has_own = False

    @property
    def role(self) -> Role:
        """Return the role of the host."""
        return self._host.role

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable`, which the rule has then looked at."""
        if kind in self._host.own:
            self.has_own = True
            return self._host.fact(kind)
        try:
            return cast("F", _Seen(self._host.fact(kind), kind, self.seen))
        except Unreadable:
            self.seen[Look(kind)] = None
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
