"""Keys in libvirt's configuration files that libvirt ignores, whichever program reads the file."""

from typing import Self

from preflight.facts.daemon.conf_keys import IgnoredKey, ignored
from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.fact import Fact, Record


class IgnoredFileKeys(Fact, frozen=True, kw_only=True):
    """The keys that no known release reads in the file where they are."""

    keys: tuple[IgnoredKey, ...]
    #: Why some files could not be read.
    unread: tuple[str, ...]

    @classmethod
    def parse(cls, files: Record, libvirt: LibvirtFiles) -> Self:
        """Look at the files that `files` lists, by path."""
        given = set(files.required().splitlines())
        return cls(
            keys=tuple(
                key
                for name, conf in libvirt.files.items()
                if conf.path in given
                for key in ignored(name.removesuffix(".conf"), conf, None)
            ),
            unread=tuple(why for name, why in libvirt.unread.items() if f"/etc/libvirt/{name}" in given),
        )
