"""libvirt's storage pools on a host, active or not, and the volumes that libvirt knows in them."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.guests import Disk
from preflight.facts.text.listing import Answer, PartialListing, answered, read_each
from preflight.facts.text.xml import parse_xml

_WHAT = "storage pools"
#: Pools whose volumes lie in the target directory under their own name.
_DIRECTORIES = frozenset(("dir", "fs", "netfs", "vstorage"))
#: Pools whose volumes are block devices there.
_BLOCK = frozenset(("logical", "disk"))


class Pool(Struct, frozen=True, kw_only=True):
    """One storage pool."""

    name: str
    active: bool
    #: dir, fs, netfs, logical, disk, iscsi…
    type: str
    #: The directory in which its volumes appear; None where it has none (rbd).
    target: str | None
    #: What libvirt knows to be in it, as of the last refresh; empty while it is not active.
    volumes: frozenset[str]

    @property
    def makes_files(self) -> bool:
        """Whether its volumes are files."""
        return self.type in _DIRECTORIES

    def path(self, volume: str) -> str | None:
        """Where a volume of that name lies or would lie; None where its name does not tell (iscsi, scsi)."""
        if self.target is None or self.type not in _DIRECTORIES | _BLOCK:
            return None
        return f"{self.target.rstrip('/')}/{volume}"


class Pools(PartialListing, frozen=True, kw_only=True, dict=True):
    """All storage pools of a host."""

    all: tuple[Pool, ...]

    def by_name(self, name: str) -> Pool | None:
        """The pool of that name, None when there is none; raises `Unreadable` when that was not told."""
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
        """The active pool that has this directory; raises `Unreadable` when that was not told."""
        self.must_be_there(_WHAT)
        found = self._by_target.get(directory)
        if found is None and self.unread:
            name, reason = self.unread[0]
            raise Unreadable(f"storage pool {name}: {reason}")
        return found

    def path(self, disk: Disk) -> str | None:
        """Where the disk's own image lies on this host, by way of its pool if it is a volume.

        None where it has no path: an empty drive, a network disk, a volume whose name does not tell where it is, or
        whose pool is not here. Raises `Unreadable` when libvirt did not tell of pools.
        """
        if disk.pool is None or disk.volume is None:
            return disk.path
        pool = self.by_name(disk.pool)
        return None if pool is None else pool.path(disk.volume)

    def paths(self, disk: Disk) -> tuple[str, ...]:
        """Every path on this host that is opened for the disk."""
        own = self.path(disk)
        return (*([own] if own else []), *disk.backing)

    @classmethod
    def parse(cls, pools: Record) -> Self:
        """Read the list of pools that the collector made of libvirt's answers.

        Without an answer the reason is kept: a guest that is on no volume can be judged.
        """
        answer = answered(pools, _Answer(pools=[]), "the list of storage pools is")
        read, unread = read_each(answer.pools, _pool)
        return cls(all=read, unread=unread, error=answer.error)


class _Told(Struct, frozen=True, kw_only=True):
    """One pool as the collector writes it."""

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
