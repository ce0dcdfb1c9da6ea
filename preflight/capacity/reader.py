"""What every reader of a limit starts from."""

from collections.abc import Callable
from typing import TypeAlias

from preflight.capacity.limit import Limit, Scope
from preflight.facts.text.located import Located
from preflight.host import Host
from preflight.request.migration import Migration

#: Reads one limit of a host; raises `Unreadable`.
Read: TypeAlias = Callable[["Asked"], Limit]


class Asked:
    """One limit that is asked for: its name and scope, whose it is, and in how many ways at once it is met."""

    def __init__(self, name: str, scope: Scope, host: Host, migration: Migration, ways: int = 1) -> None:
        self.name, self.scope, self.host, self.migration, self.ways = name, scope, host, migration, ways

    def limit(
        self,
        configured: Located[int],
        in_use: int | None,
        left: int,
        *,
        beyond: str,
        each: int | None = None,
        reserve: int = 0,
        written: str | None = None,
    ) -> Limit:
        """The limit of which `left` are not taken, when a migration, or one each way, takes `each` of them.

        Unless that is given it is one for each way.
        """
        takes = each or self.ways
        return Limit(
            self.name,
            self.host.role,
            configured.value,
            in_use,
            max(0, left) // takes,
            self.scope,
            takes=takes,
            reserve=reserve,
            written=written,
            at=configured.at,
            beyond=beyond,
        )

    def unread(self, reason: str) -> Limit:
        """The limit that could not be read."""
        return Limit(self.name, self.host.role, None, None, None, self.scope, reason)
