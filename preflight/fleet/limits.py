"""The limits of many hosts, each read once: most of them have nothing to do with the other host of a way."""

from collections.abc import Hashable

from preflight.capacity.firewall import Met
from preflight.capacity.limit import Limit
from preflight.capacity.path import read_limit
from preflight.capacity.reader import Asked, Read
from preflight.fleet.content import Related
from preflight.fleet.watched import WatchedMigration


class Limits:
    """Reads limits, and keeps those that a host has on all ways. The hosts must outlive it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Limit] = {}

    def __call__(self, read: Read, asked: Asked) -> Limit:
        """Return a limit of a host whose facts do not depend on its peer."""
        migration, host = asked.migration, asked.host
        assert isinstance(migration, WatchedMigration)
        assert isinstance(host, Related)
        if isinstance(read, Met):  # a rate that the connections of this way meet
            return read_limit(read, asked)
        # two hosts may have one name
        key = (read, asked.name, asked.ways, id(host.member), migration.transport, migration.kind)
        found = self._known.get(key)
        if found is None:
            looks = len(migration.looks)
            found = read_limit(read, asked)
            if len(migration.looks) == looks:
                self._known[key] = found
        return found
