"""A limit in the path of a migration, and the capacity that all limits allow together. Values; reads no facts."""

import enum
from collections.abc import Iterable

from msgspec import Struct

from preflight.facts.ssh.sshd import MaxStartups
from preflight.facts.text.located import Location
from preflight.request.migration import Role


class Scope(enum.StrEnum):
    """The kind of thing that a limit applies to."""

    #: Migrations that run together.
    IN_FLIGHT = "in flight"
    #: Migrations that start at the same instant.
    BURST = "at once"
    #: Migrations that one program drives over one connection, or over one login.
    ONE_CONNECTION = "over one connection"
    #: No number of migrations: beyond the limit a client waits briefly. Shown so that nobody has to look for it.
    WAITS = "only waits"


class Setting(Struct, frozen=True):
    """The setting of a limit: its key, the file that sets it or would, and the value, in use now."""

    path: str
    key: str
    value: int | MaxStartups
    #: What makes a new value effective, as an order: "restart libvirtd".
    then: str
    #: The greatest possible value; None for no bound that matters.
    most: int | None = None

    def raised(self, by: int) -> str | None:
        """Return the value that allows `by` more of the limit's unit; None if there is none."""
        if isinstance(self.value, MaxStartups):
            return str(self.value.raised(by))
        value = self.value + by
        return None if self.most is not None and value > self.most else str(value)


class Limit(Struct, frozen=True):
    """A limit in the path of a migration, on one host, and how many migrations it allows.

    `configured` is the effective value and `in_use` the part used now, in the limit's own unit (clients, workers,
    ports, unauthenticated connections); None if not known. `allows` is a number of migrations: None if it could not be
    read, with the `reason`, or if the limit is not a number of migrations. Each migration uses `takes` of it. `written`
    is the value as the file or the program states it, `at` its place; None for a default.
    """

    name: str
    host: Role
    configured: int | None
    in_use: int | None
    allows: int | None
    scope: Scope = Scope.IN_FLIGHT
    reason: str | None = None
    takes: int = 1
    #: The part of what it allows that should stay free.
    reserve: int = 0
    written: str | None = None
    at: Location | None = None
    #: The effect on a migration beyond what it allows.
    beyond: str = ""
    #: Seconds after which one more migration may start, for a limit on those that start in a time.
    interval: float | None = None
    #: Number of migrations that may start in that time if each uses the ports of the one before; None for other limits.
    in_turn: int | None = None
    #: The free part, in the limit's own unit; None if not known.
    left: int | None = None
    #: The setting that raises it; None if it could not be read, or for a limit that is only shown.
    setting: Setting | None = None

    @property
    def counts(self) -> bool:
        """Report whether the limit applies to migrations that each have a connection."""
        return self.scope in (Scope.IN_FLIGHT, Scope.BURST)

    @property
    def burst(self) -> bool:
        """Report whether it limits only how many start at the same instant."""
        return self.scope is Scope.BURST

    @property
    def seconds_apart(self) -> float | None:
        """Return the seconds between two starts at which none is lost; None if the limit is not one on starts."""
        if not self.burst:
            return None
        return 1.0 if self.interval is None else self.interval

    def falls_short(self, migrations: int) -> bool:
        """Report whether it allows fewer than these, or as many only without its reserve."""
        return self.counts and self.allows is not None and self.allows - self.reserve < migrations

    def raised_for(self, migrations: int) -> str | None:
        """Return the value of its setting that allows these and leaves its reserve; None if there is none."""
        if self.setting is None or self.left is None:
            return None
        return self.setting.raised(max(0, migrations * self.takes + self.reserve - self.left))


class Capacity(Struct, frozen=True):
    """The number of migrations in flight and started at the same instant, and the limits that stop the next one."""

    limits: tuple[Limit, ...]
    #: True if all numbers are for each way, while as many migrate the other way.
    both_ways: bool = False

    @property
    def counted(self) -> tuple[Limit, ...]:
        """Return the limits that apply to migrations that each have a connection."""
        return tuple(limit for limit in self.limits if limit.counts)

    @property
    def binding(self) -> Limit | None:
        """Return the limit that stops the next migration in flight; of equal ones, the first."""
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT)

    @property
    def concurrent(self) -> int | None:
        """Return how many can be in flight together, by the limits that could be read."""
        return None if self.binding is None else self.binding.allows

    @property
    def safe(self) -> int | None:
        """Return how many can be in flight without using the reserve, by the limits that could be read."""
        left = [
            max(0, limit.allows - limit.reserve)
            for limit in self.limits
            if limit.scope is Scope.IN_FLIGHT and limit.allows is not None
        ]
        return min(left, default=None)

    @property
    def next_binding(self) -> Limit | None:
        """Return the limit that would stop the next one if the binding limit were raised."""
        binding = self.binding
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT and limit is not binding)

    @property
    def burst_binding(self) -> Limit | None:
        """Return the limit that stops the next migration started at the same instant."""
        return _lowest(self.counted)

    @property
    def burst(self) -> int | None:
        """Return how many may start at the same instant."""
        return None if self.burst_binding is None else self.burst_binding.allows

    @property
    def classic(self) -> int | None:
        """Return Red Hat's estimate: each migration takes two of max_clients, on the host that has fewer."""
        clients = [limit.configured for limit in self.limits if limit.name == "max_clients"]
        return None if None in clients or not clients else min(filter(None, clients), default=0) // 2

    @property
    def unread(self) -> tuple[Limit, ...]:
        """Return the counted limits that could not be read: the true number may be lower."""
        return tuple(limit for limit in self.counted if limit.allows is None)

    def short_of(self, migrations: int) -> tuple[Limit, ...]:
        """Return the limits that fall short of so many, those in flight first, each kind from the lowest."""
        short = (limit for limit in self.limits if limit.falls_short(migrations))
        return tuple(sorted(short, key=lambda limit: (limit.burst, limit.allows)))

    def allows(self, migrations: int) -> bool | None:
        """Report whether so many can be in flight together; None if a limit that could not be read may prevent it."""
        if self.concurrent is None:
            return None
        return False if migrations > self.concurrent else None if self.unread else True

    @property
    def over_one_connection(self) -> int | None:
        """Return how many migrations a program may drive over one connection to the source's daemon; None if not known.

        With more, the daemon closes the connection after half a minute, which ends all of them.
        """
        requests = (limit for limit in self.limits if limit.name == "max_client_requests")
        return min((limit.allows for limit in requests if limit.allows is not None), default=None)


def _lowest(limits: Iterable[Limit]) -> Limit | None:
    return min(
        (limit for limit in limits if limit.allows is not None), key=lambda limit: limit.allows or 0, default=None
    )
