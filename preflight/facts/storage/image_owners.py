"""Which of a host's guests have a file or device of the host's, by whatever path."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.guest.guests import Guest, Guests, UnreadGuest
from preflight.facts.storage.paths import Storage
from preflight.facts.storage.pools import Pools


class Owner(Struct, frozen=True):
    """A guest that has an image."""

    name: str
    uuid: str


class ImageOwners(Fact, frozen=True, kw_only=True):
    """The guests of a host by what their definitions name, volumes by way of their pools."""

    #: Guests by path, and by what is known of the file there: "st_dev:inode", or "major:minor" of a device.
    by_path: Mapping[str, tuple[Owner, ...]]
    by_file: Mapping[str, tuple[Owner, ...]]
    #: Guests whose definitions could not be read: they may have any.
    unread: tuple[UnreadGuest, ...]
    #: What the path leads to, of each that the host was asked about and where something is.
    files: Mapping[str, str]

    def of(self, path: str) -> tuple[Owner, ...]:
        """Name the guests that have what lies at a path, also through links, as far as the host was asked about it."""
        found = (*self.by_path.get(path, ()), *self.by_file.get(self.files.get(path, ""), ()))
        return tuple(dict.fromkeys(found))

    @classmethod
    def parse(cls, domains: Record, paths: Record, mounts: Record, pools: Record) -> Self:
        """Make it of what a host's libvirt and its shell have said; raises `Unreadable`."""
        guests, known, storage = Guests.parse(domains), Pools.parse(pools), Storage.parse(paths, mounts)
        files = {path: file for path in storage.answers if (file := _file(storage, path)) is not None}
        by_path: dict[str, dict[Owner, None]] = {}
        by_file: dict[str, dict[Owner, None]] = {}
        unread = list(guests.unread)
        for guest in guests.all:
            owner = Owner(guest.name, guest.uuid)
            try:
                named = _paths(guest, known)
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
    """Name what lies there by its numbers; None for what is no image, and for what is not there, or was not told."""
    try:
        place = storage.look(path)
    except Unreadable:
        return None
    if place.kind not in ("file", "block"):
        return None
    return place.device if place.kind == "block" else f"{place.device}:{place.inode}"
