"""Values that many hosts have in common, by the contents of the facts that were looked at for them."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from preflight.answers import Record
from preflight.facts.fact import Fact
from preflight.host import Host
from preflight.request.migration import Role

#: Maximum number of different things that are looked at for values of one kind.
_MOST = 16

F = TypeVar("F", bound=Fact)
K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values for one source, by what they depend on of the destination.

    Each entry has what was looked at for its values, as places or kinds of facts, and the values by the contents of
    these. Whoever has looked at the same contents does the same.
    """

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[tuple[K, ...], dict[tuple[int, ...], V]]] = []

    def find(self, content_of: Callable[[K], int], unreadable: frozenset[K] = frozenset()) -> V | None:
        """Return the value for a destination with these contents; None if there is none yet.

        A fact among the `unreadable` ones ends a rule before it can look at any.
        """
        for looked_at, values in self.entries:
            if unreadable and not unreadable.issubset(looked_at):
                continue
            found = values.get(tuple(map(content_of, looked_at)))
            if found is not None:
                return found
        return None

    def add(self, looked_at: tuple[K, ...], content_of: Callable[[K], int], value: V) -> None:
        """Keep a value, for which this was looked at."""
        contents = tuple(map(content_of, looked_at))
        for known, values in self.entries:
            if known == looked_at:
                values[contents] = value
                return
        if len(self.entries) < _MOST:  # what is looked at may be each destination's own
            self.entries.append((looked_at, {contents: value}))


class Asking:
    """A host that remembers which of its facts were taken."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.asked: dict[type[Fact], None] = {}
        #: True if its name was looked at too.
        self.is_named = False

    def fact(self, kind: type[F]) -> F:
        """Return the fact of this kind; raises `Unreadable`."""
        self.asked[kind] = None
        return self._host.fact(kind)

    @property
    def role(self) -> Role:
        """Return the role of the host."""
        return self._host.role

    @property
    def records(self) -> Mapping[str, Record]:
        """Return the records, of which only the names may be looked at."""
        return self._host.records

    @property
    def name(self) -> str:
        """Return the name of the host, and remember that it is the host's own."""
        self.is_named = True
        return self._host.name
