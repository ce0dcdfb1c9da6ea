"""The input of every function that reads a limit."""

from collections.abc import Callable
from typing import TypeAlias

from preflight.capacity.limit import Limit, Scope, Setting
from preflight.facts.text.located import Located
from preflight.host import Host
from preflight.request.check_request import Migration

#: A function that reads one limit of a host; raises `Unreadable`.
Read: TypeAlias = Callable[["Asked"], Limit]


class Asked:
    """A requested limit: its name, scope and host, and the number of ways in which it applies at once."""

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
        setting: Setting | None = None,
    ) -> Limit:
        """Return the limit of which `left` are free, if a migration, or one each way, takes `each` of them.

        The default of `each` is one for each way.
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
            left=left,
            setting=setting,
        )

    def unread(self, reason: str) -> Limit:
        """Return the limit as one that could not be read."""
        return Limit(self.name, self.host.role, None, None, None, self.scope, reason)
