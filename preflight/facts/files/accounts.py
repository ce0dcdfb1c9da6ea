"""Users and groups that libvirt's configuration files name, and whether the host will have them.

Each distribution's packages create accounts of their own: a file that was written for another one names accounts that
no package creates here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.system.release import OsRelease
from preflight.facts.text.located import Located

#: The settings that name an account, by file and key, and its kind.
_SETTINGS = (
    ("libvirtd.conf", "unix_sock_group", "group"),
    ("virtqemud.conf", "unix_sock_group", "group"),
    ("virtproxyd.conf", "unix_sock_group", "group"),
    ("qemu.conf", "user", "user"),
    ("qemu.conf", "group", "group"),
)
#: The accounts that the packages of libvirt and QEMU create: debian/libvirt-daemon-system.postinst of Debian 12, and
#: libvirt.spec.in of libvirt 9.0 (qemu, kvm, libvirt). Ubuntu called the group libvirtd until 16.04.
_DEBIAN = {"user": frozenset(("libvirt-qemu",)), "group": frozenset(("libvirt", "libvirt-qemu", "kvm"))}
_RED_HAT = {"user": frozenset(("qemu",)), "group": frozenset(("libvirt", "qemu", "kvm"))}
_FORMER = {"user": frozenset[str](), "group": frozenset(("libvirtd",))}
_FAMILIES: Mapping[str, Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("debian", "ubuntu"), _DEBIAN),
    **dict.fromkeys(("rhel", "centos", "fedora", "rocky", "almalinux", "ol"), _RED_HAT),
}
#: An account that is given by its number.
_NUMBER = r"\+?[0-9]{1,10}"


class Account(Struct, frozen=True):
    """An account that a file names and that the host will not have."""

    #: user or group.
    kind: str
    key: str
    name: Located[str]
    #: The release whose packages create no such account; empty if the account is missing from the host's own list.
    release: str = ""
    #: The accounts that its packages create.
    usual: tuple[str, ...] = ()


class FileAccounts(Fact, frozen=True, kw_only=True):
    """The accounts that will be missing."""

    missing: tuple[Account, ...]
    #: Why some of the files could not be read.
    unread: tuple[str, ...]

    @classmethod
    def parse(
        cls,
        files: Record,
        libvirt: LibvirtFiles,
        etc_passwd: Annotated[Record, "etc.passwd", OPTIONAL],
        etc_group: Annotated[Record, "etc.group", OPTIONAL],
        release: OsRelease | Unreadable,
    ) -> Self:
        """Compare each name with the host's own list, or else with what its distribution's packages create.

        Nothing is known of a name if neither is given.
        """
        given = set(files.required().splitlines())
        lists = {"user": _names(etc_passwd), "group": _names(etc_group)}
        unread = [why for name, why in libvirt.unread.items() if f"/etc/libvirt/{name}" in given]
        unread += [record.complaint for record in (etc_passwd, etc_group) if record.code and not record.missing]
        return cls(missing=tuple(_missing(libvirt, given, lists, release)), unread=tuple(unread))


def _names(record: Record) -> frozenset[str] | None:
    if record.code:
        return None
    return frozenset(line.partition(":")[0] for line in record.out.splitlines())


def _missing(
    libvirt: LibvirtFiles,
    given: set[str],
    lists: Mapping[str, frozenset[str] | None],
    release: OsRelease | Unreadable,
) -> Iterator[Account]:
    family = {} if isinstance(release, Unreadable) else _FAMILIES.get(release.id, {})
    for file, key, kind in _SETTINGS:
        conf = libvirt.files.get(file)
        if conf is None or conf.path not in given or conf.problem is not None:
            continue
        found = conf.settings.get(key)
        if found is None or not isinstance(found.value, str) or not found.value or re.fullmatch(_NUMBER, found.value):
            continue
        name, known = Located(found.value, found.at), lists[kind]
        if known is not None:
            if name.value not in known:
                yield Account(kind, key, name)
        elif family and name.value not in family[kind] and name.value in _others(kind):
            assert not isinstance(release, Unreadable)
            yield Account(kind, key, name, release.label, tuple(sorted(family[kind])))


def _others(kind: str) -> frozenset[str]:
    """Return the accounts of this kind that the packages of any distribution create or created."""
    return frozenset().union(*(family[kind] for family in (_DEBIAN, _RED_HAT, _FORMER)))
