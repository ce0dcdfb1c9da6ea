"""The user that a host's QEMU runs as, and its permissions on the files that guests need.

libvirt reports the effective user and group as numbers in its capabilities. The host reports what the kernel would
check: the user's groups, and the owner and mode of the files and of their parent directories.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.qemu_conf import QemuConfFile
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.guest.guests import KVM
from preflight.facts.text.xml import parse_xml

_LABEL = re.compile(r"\+?(\d{1,10}):\+?(\d{1,10})")
#: Output of `ls -dLlnN --time-style=+`: mode, "+" for an access control list, owner, group, size or device, path.
_ENTRY = re.compile(r"[a-z-]([a-zA-Z-]{9})(\S?) +\d+ +(\d{1,10}) +(\d{1,10}) +\d+(?:, +\d+)? +(/.*)")


class Entry(Struct, frozen=True):
    """Permissions of a file or directory, with symbolic links followed."""

    #: As "rw-r--r--".
    mode: str
    #: True if there is an access control list; the group bits of the mode are then the most that it grants.
    listed: bool
    owner: int
    group: int


class QemuUser(Fact, frozen=True, kw_only=True):
    """The user of QEMU processes, unless the guest names another."""

    uid: int
    gid: int
    #: All groups of the user, including `gid`.
    groups: frozenset[int]
    #: True if libvirt changes the owner of the guest's files to the user before QEMU opens them; None if unknown.
    dynamic_ownership: bool | None
    entries: Mapping[str, Entry]
    #: True if the user could open /dev/kvm in a test; None if the host could not run the test.
    kvm_open: bool | None = None

    def opens_kvm(self) -> bool:
        """Report whether the user may open /dev/kvm; raises `Unreadable` if that is unknown."""
        return self.may_open(KVM, "rw") if self.kvm_open is None else self.kvm_open

    def barred_from(self, path: str) -> str | None:
        """Return the first parent directory of the path that the user may not traverse, or None if none is known."""
        for directory in above(path):
            entry = self.entries.get(directory)
            if entry is not None and self._may(entry, "x") is False:
                return directory
        return None

    def may_open(self, path: str, wanted: str) -> bool:
        """Report whether the user may open the file at the path, apart from its directories; `wanted` is "r" or "rw".

        Raises `Unreadable` if that is unknown or depends on an access control list.
        """
        entry = self.entries.get(path)
        if entry is None:
            raise Unreadable(f"it is unknown whether QEMU's user {self.uid} can read {path}")
        answers = [self._may(entry, one) for one in wanted]
        if None in answers and False not in answers:
            raise Unreadable(f"an access control list decides whether QEMU's user {self.uid} can open {path}")
        return all(answers)

    def _may(self, entry: Entry, wanted: str) -> bool | None:
        """Report whether the permission is granted; None if it depends on the access control list."""
        if self.uid == 0:
            return True
        own, group, other = (_has(entry.mode[start : start + 3], wanted) for start in (0, 3, 6))
        if self.uid == entry.owner:
            return own
        member = entry.group in self.groups
        if not entry.listed or not group:
            return group if member else other
        return True if other and not member else None

    @classmethod
    def parse(
        cls,
        capabilities: Annotated[Record, "libvirt.capabilities"],
        conf: QemuConfFile | Unreadable,
        daemons: Daemons | Unreadable,
        access: Annotated[Record, OPTIONAL],
    ) -> Self:
        """Parse libvirt's capabilities and the answer to `questions.access`, if it was asked."""
        root = parse_xml(capabilities.required())
        for model in root.iterfind("host/secmodel"):
            found = _LABEL.fullmatch((model.findtext("baselabel") or "").strip())
            if model.findtext("model") == "dac" and found is not None:
                uid, gid = int(found[1]), int(found[2])
                break
        else:
            raise Unreadable("libvirt does not report which user QEMU runs as")
        text = access.out if access.code == 0 else ""
        groups, entries = _read(text)
        return cls(
            uid=uid,
            gid=gid,
            groups=groups | {gid},
            dynamic_ownership=_dynamic(conf, daemons),
            entries=entries,
            kvm_open=next((line == "kvm 0" for line in text.splitlines() if line in ("kvm 0", "kvm 1")), None),
        )


def above(path: str) -> Iterator[str]:
    """Yield the parent directories of a path, from the root down."""
    yield "/"
    for place, letter in enumerate(path):
        if letter == "/" and place and path[place - 1] != "/":
            yield path[:place]


def _has(mode: str, wanted: str) -> bool:
    # "s" and "t" are "x" with set-id and sticky bits
    return any(letter in mode for letter in ("xst" if wanted == "x" else wanted))


def _dynamic(file: QemuConfFile | Unreadable, daemons: Daemons | Unreadable) -> bool | None:
    if isinstance(file, Unreadable) or isinstance(daemons, Unreadable) or daemons.changed_since_start("qemu"):
        return None
    try:
        found = file.conf.get("dynamic_ownership")
    except Unreadable:
        return None
    return found is None or found.value != 0


def _read(text: str) -> tuple[frozenset[int], Mapping[str, Entry]]:
    groups: frozenset[int] = frozenset()
    entries: dict[str, Entry] = {}
    for line in text.split("\n"):
        if line.startswith("groups "):
            groups |= {int(word) for word in line.split()[1:] if word.isascii() and word.isdigit() and len(word) < 11}
        elif found := _ENTRY.fullmatch(line):
            entries[found[5]] = Entry(found[1], found[2] == "+", int(found[3]), int(found[4]))
    return groups, entries
