"""The guests that use each file or device of a host, under any path."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Unreadable
from preflight.facts.guest.guests import Guest, Guests, UnreadGuest
from preflight.facts.storage.paths import Storage
from preflight.facts.storage.pools import Pools


class Owner(Struct, frozen=True):
    """Guest that uses an image."""

    name: str
    uuid: str


class ImageOwners(Fact, frozen=True, kw_only=True):
    """The guests of a host by the images in their definitions; volumes are located through their pools."""

    #: Guests by path, and by the identity of the file: "st_dev:inode", or "major:minor" of a device.
    by_path: Mapping[str, tuple[Owner, ...]]
    by_file: Mapping[str, tuple[Owner, ...]]
    #: Guests whose definitions could not be read: they may use any image.
    unread: tuple[UnreadGuest, ...]
    #: Identity of the file at each path that the host was asked about and that exists.
    files: Mapping[str, str]

    def of(self, path: str) -> tuple[Owner, ...]:
        """Return the guests that use the file at a path, also through links, as far as the host was asked about it."""
        found = (*self.by_path.get(path, ()), *self.by_file.get(self.files.get(path, ""), ()))
        return tuple(dict.fromkeys(found))

    @classmethod
    def parse(cls, guests: Guests, pools: Pools, storage: Storage) -> Self:
        """Find the images of the guests, through the pools, among the files that the host was asked about."""
        files = {path: file for path in storage.answers if (file := _file(storage, path)) is not None}
        by_path: dict[str, dict[Owner, None]] = {}
        by_file: dict[str, dict[Owner, None]] = {}
        unread = list(guests.unread)
        for guest in guests.all:
            owner = Owner(guest.name, guest.uuid)
            try:
                named = _paths(guest, pools)
            except Unreadable as why:
                unread.append(UnreadGuest(name=guest.name, uuid=guest.uuid, reason=str(why)))
                continue
            for path in named:
                by_path.setdefault(path, {})[owner] = None
                if path in files:
                    by_file.setdefault(files[path], {})[owner] = None
        return cls(
            by_path={path: tuple(owners) for path, owners in by_path.items()},
            by_file={file: tuple(owners) for file, owners in by_file.items()},
            unread=tuple(unread),
            files=files,
        )


def _paths(guest: Guest, pools: Pools) -> tuple[str, ...]:
    volumes = [pools.path(disk) for disk in guest.disks if disk.pool is not None]
    return (*guest.paths, *filter(None, volumes))


def _file(storage: Storage, path: str) -> str | None:
    """Return the identity of the file at a path; None if it is not an image, does not exist or is unknown."""
    try:
        place = storage.look(path)
    except Unreadable:
        return None
    if place.kind not in ("file", "block"):
        return None
    return place.device if place.kind == "block" else f"{place.device}:{place.inode}"
