"""One limit in the path of a migration, and what all of them allow together. Values; nothing here reads a fact."""

import enum
from collections.abc import Iterable

from msgspec import Struct

from preflight.facts.text.located import Location
from preflight.request.migration import Role


class Scope(enum.StrEnum):
    """What a limit limits."""

    #: Migrations that run together.
    IN_FLIGHT = "in flight"
    #: Migrations that start at the same instant.
    BURST = "at once"
    #: Those that one program drives over one connection, or over one login.
    ONE_CONNECTION = "over one connection"
    #: None: who is beyond it waits for a moment. It is told so that nobody has to look for it.
    WAITS = "only waits"


class Limit(Struct, frozen=True):
    """One limit in the path of a migration, on one host, and how many migrations it allows.

    `configured` is the value in force and `in_use` what is taken of it now, in the limit's own unit (clients, workers,
    ports, unauthenticated connections); None where not known. `allows` is a number of migrations: None when it could
    not be read, and `reason` says why, or where it is none. A migration `takes` that much of it. `written` is the value
    as the file or the program has it, `at` its place; None for a default.
    """

    name: str
    host: Role
    configured: int | None
    in_use: int | None
    allows: int | None
    scope: Scope = Scope.IN_FLIGHT
    reason: str | None = None
    takes: int = 1
    #: So many of what it allows are better left free.
    reserve: int = 0
    written: str | None = None
    at: Location | None = None
    #: What happens to a migration more than it allows.
    beyond: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is one of those that migrations with a connection each run into."""
        return self.scope in (Scope.IN_FLIGHT, Scope.BURST)

    @property
    def burst(self) -> bool:
        """Whether it limits only how many start at the same instant."""
        return self.scope is Scope.BURST


class Capacity(Struct, frozen=True):
    """How many migrations can be in flight, how many may start at the same instant, and what stops the next one."""

    limits: tuple[Limit, ...]
    #: Whether all numbers are each way, while as many go the other way.
    both_ways: bool = False

    @property
    def counted(self) -> tuple[Limit, ...]:
        """The limits that migrations with a connection each run into."""
        return tuple(limit for limit in self.limits if limit.counts)

    @property
    def binding(self) -> Limit | None:
        """The limit that stops the next migration in flight; the first of several equals."""
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT)

    @property
    def concurrent(self) -> int | None:
        """How many can be in flight together, by the limits that could be read."""
        return None if self.binding is None else self.binding.allows

    @property
    def safe(self) -> int | None:
        """How many can be in flight and leave what should stay free, by the limits that could be read."""
        left = [
            max(0, limit.allows - limit.reserve)
            for limit in self.limits
            if limit.scope is Scope.IN_FLIGHT and limit.allows is not None
        ]
        return min(left, default=None)

    @property
    def next_binding(self) -> Limit | None:
        """The limit that would stop the next one if the binding one were raised."""
        binding = self.binding
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT and limit is not binding)

    @property
    def burst_binding(self) -> Limit | None:
        """The limit that stops the next one of those started at the same instant."""
        return _lowest(self.counted)

    @property
    def burst(self) -> int | None:
        """How many may start at the same instant."""
        return None if self.burst_binding is None else self.burst_binding.allows

    @property
    def classic(self) -> int | None:
        """Red Hat's estimate: each migration takes two clients of max_clients, whichever host has fewer."""
        clients = [limit.configured for limit in self.limits if limit.name == "max_clients"]
        return None if None in clients or not clients else min(filter(None, clients), default=0) // 2

    @property
    def unread(self) -> tuple[Limit, ...]:
        """The limits that count and could not be read: the true number may be lower."""
        return tuple(limit for limit in self.counted if limit.allows is None)

    @property
    def over_one_connection(self) -> int | None:
        """How many a program may drive over one connection to the source's daemon; None when not known.

        More, and the daemon closes that connection after half a minute, which ends all of them.
        """
        requests = (limit for limit in self.limits if limit.name == "max_client_requests")
        return min((limit.allows for limit in requests if limit.allows is not None), default=None)


def _lowest(limits: Iterable[Limit]) -> Limit | None:
    return min(
        (limit for limit in limits if limit.allows is not None), key=lambda limit: limit.allows or 0, default=None
    )
