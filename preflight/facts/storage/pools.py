"""libvirt's storage pools on a host, active or not, and their volumes as known to libvirt."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.guest.guests import Disk
from preflight.facts.text.listing import Answer, PartialListing, answered, read_each
from preflight.facts.text.xml import parse_xml

_WHAT = "storage pools"
#: Types of pools whose volumes are files in the target directory, under their own names.
_DIRECTORIES = frozenset(("dir", "fs", "netfs", "vstorage"))
#: Types of pools whose volumes are block devices there.
_BLOCK = frozenset(("logical", "disk"))


class Pool(Struct, frozen=True, kw_only=True):
    """Storage pool."""

    name: str
    active: bool
    #: dir, fs, netfs, logical, disk, iscsi…
    type: str
    #: The directory in which its volumes appear; None if it has none (rbd).
    target: str | None
    #: Its volumes as known to libvirt since the last refresh; empty while the pool is inactive.
    volumes: frozenset[str]

    @property
    def makes_files(self) -> bool:
        """True if its volumes are files."""
        return self.type in _DIRECTORIES

    def path(self, volume: str) -> str | None:
        """Return the path that a volume of that name has or would have; None if it cannot be derived (iscsi, scsi)."""
        if self.target is None or self.type not in _DIRECTORIES | _BLOCK:
            return None
        return f"{self.target.rstrip('/')}/{volume}"


class Pools(PartialListing, frozen=True, kw_only=True, dict=True):
    """All storage pools of a host."""

    all: tuple[Pool, ...]

    def by_name(self, name: str) -> Pool | None:
        """Return the pool of that name, or None if there is none; raises `Unreadable` if that is unknown."""
        self.must_be_there(_WHAT)
        self.must_be_read(name, "storage pool")
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[str, Pool]:
        return {pool.name: pool for pool in reversed(self.all)}

    @cached_property
    def _by_target(self) -> Mapping[str | None, Pool]:
        return {pool.target: pool for pool in reversed(self.all) if pool.active}

    def with_target(self, directory: str) -> Pool | None:
        """Return the active pool with this target directory, or None; raises `Unreadable` if that is unknown."""
        self.must_be_there(_WHAT)
        found = self._by_target.get(directory)
        if found is None and self.unread:
            name, reason = self.unread[0]
            raise Unreadable(f"storage pool {name}: {reason}")
        return found

    def path(self, disk: Disk) -> str | None:
        """Return the path of the disk's own image on this host, through its pool if it is a volume.

        None if it has no path: an empty drive, a network disk, a volume whose path cannot be derived from its name, or
        whose pool does not exist here. Raises `Unreadable` if the pools are unknown.
        """
        if disk.pool is None or disk.volume is None:
            return disk.path
        pool = self.by_name(disk.pool)
        return None if pool is None else pool.path(disk.volume)

    def paths(self, disk: Disk) -> tuple[str, ...]:
        """Return every path on this host that is opened for the disk."""
        own = self.path(disk)
        return (*([own] if own else []), *disk.backing)

    @classmethod
    def parse(cls, pools: Annotated[Record, "libvirt.pools", OPTIONAL]) -> Self:
        """Parse the list of pools that the collector made from libvirt's answers.

        Without an answer, keep the reason: a guest that uses no volume can still be checked.
        """
        answer = answered(pools, _Answer(pools=[]), "the list of storage pools is")
        read, unread = read_each(answer.pools, _pool)
        return cls(all=read, unread=unread, error=answer.error)


class _Told(Struct, frozen=True, kw_only=True):
    """Pool as the collector writes it."""

    name: str
    active: bool = False
    xml: str = ""
    volumes: list[str] = []
    error: str | None = None


class _Answer(Answer, frozen=True, kw_only=True):
    pools: list[_Told]


def _pool(told: _Told) -> Pool:
    if told.error is not None:
        raise Unreadable(told.error)
    root = parse_xml(told.xml)
    if root.tag != "pool":
        raise Unreadable(f"its XML is a <{root.tag}>, not a <pool>")
    return Pool(
        name=told.name,
        active=told.active,
        type=root.get("type", ""),
        target=root.findtext("target/path") or None,
        volumes=frozenset(told.volumes),
    )
