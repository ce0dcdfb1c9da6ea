"""The keys that libvirt's configuration files may have: libvirt ignores every other key without a message.

virConfGetValue (src/util/virconf.c) looks up the keys that a program knows, and nothing looks at what is left. The keys
of releases 7.0 to 12.9 are in conf_keys.json, which tools/libvirt_keys.py writes from libvirt's sources and packages.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.defaults import DROPPED, WITH_IP
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf
from preflight.facts.text.located import Location
from preflight.facts.version import Version

_FILE = Path(__file__).with_name("conf_keys.json")
#: Daemons of a modular libvirt beside virtproxyd, which read the keys of libvirtd.conf, but those about the network
#: (`with_ip`, src/meson.build).
_MODULAR = (
    "virtqemud",
    "virtnetworkd",
    "virtstoraged",
    "virtsecretd",
    "virtnodedevd",
    "virtnwfilterd",
    "virtinterfaced",
)
#: Keys about the network that came after those of `WITH_IP` (src/remote/libvirtd.aug.in).
_NEW_WITH_IP = {"cert_files": None, "key_files": None}
#: How alike two keys must be for one to be a misspelling of the other (difflib's ratio).
_ALIKE = 0.75


class IgnoredKey(Struct, frozen=True):
    """A key that libvirt ignores in the file where it is."""

    key: str
    #: The file's usual name, as "qemu.conf".
    file: str
    at: Location | None
    #: The file that may have the key, as "qemu.conf"; None if none may.
    belongs: str | None = None
    #: The first known release that reads the key, if that of the host is older.
    since: Version | None = None
    #: The key of this file that is most like it.
    like: str | None = None

    @property
    def message(self) -> str:
        """Say that libvirt ignores the key, and which one is meant."""
        if self.since is not None:
            return f"this libvirt ignores {self.key}, which libvirt {self.since} reads"
        if self.belongs is not None:
            return f"libvirt ignores {self.key} in {self.file}: it is a key of {self.belongs}"
        meant = "" if self.like is None else f"; did you mean {self.like}?"
        return f"libvirt ignores {self.key}, which is not a key of {self.file}{meant}"

    @property
    def may_be_new(self) -> bool:
        """Report whether a release that is not known yet may read the key."""
        return self.since is None and self.belongs is None and self.like is None


class IgnoredKeys(Fact, frozen=True, kw_only=True):
    """The keys that libvirt ignores in the files of a host's daemons."""

    keys: tuple[IgnoredKey, ...]
    #: Why more is not known; None if all files could be read.
    unread: str | None = None

    @classmethod
    def parse(
        cls,
        daemons: Daemons,
        libvirtd_conf: Annotated[Record, "libvirtd.conf"],
        virtqemud_conf: Annotated[Record, "virtqemud.conf"],
        virtproxyd_conf: Annotated[Record, "virtproxyd.conf", OPTIONAL],
        qemu_conf: Annotated[Record, "qemu.conf"],
        side: SideDaemons | Unreadable,
        versions: Versions | Unreadable,
    ) -> Self:
        """Look at the files that the host's daemons read; wrong-conf-file-edited is about the others.

        Where the files of the daemons beside the one that manages guests are unknown, as in older snapshots, no key of
        them is known.
        """
        version = None if isinstance(versions, Unreadable) else versions.libvirt
        is_modular = daemons.intended == "virtqemud"
        records = {"qemu": qemu_conf} | (
            {"virtqemud": virtqemud_conf, "virtproxyd": virtproxyd_conf} if is_modular else {"libvirtd": libvirtd_conf}
        )
        found: list[IgnoredKey] = []
        unread: str | None = None
        for name, record in records.items():
            try:
                found += ignored(name, daemons.conf(name, record), version)
            except Unreadable as why:
                unread = unread or str(why)
        if not isinstance(side, Unreadable):
            for name in ("virtlogd", "virtlockd", *(_MODULAR[1:] if is_modular else ())):
                found += ignored(name, side.conf(name), version)
        if version is not None and version > (last := newest()):
            new = [one for one in found if one.may_be_new]
            unread = unread or next(
                (f"libvirt {version} is newer than {last}, and may know {one.key}" for one in new), None
            )
            found = [one for one in found if one not in new]
        return cls(keys=tuple(found), unread=unread)


def ignored(name: str, conf: Conf, version: Version | None) -> Iterator[IgnoredKey]:
    """Yield the keys that libvirt ignores in the file of this name ("qemu" is qemu.conf), if it is known.

    Keys that older releases read are left to obsolete-setting. `version` is that of the host, None if it is unknown.
    """
    known = _keys_of(name)
    for key, value in conf.settings.items() if known else ():
        at = None if value.at is None else _of_key(key, value.at)
        if key in known:
            if (since := _since(known[key], version)) is not None:
                yield IgnoredKey(key, f"{name}.conf", at, since=since)
        elif key not in DROPPED:
            others = ("qemu", "virtproxyd" if name in _MODULAR else "libvirtd", "network")
            belongs = next((other for other in others if other != name and key in _keys_of(other)), None)
            like = next(iter(difflib.get_close_matches(key, known, n=1, cutoff=_ALIKE)), None)
            yield IgnoredKey(key, f"{name}.conf", at, belongs=belongs and f"{belongs}.conf", like=like)


def newest() -> Version:
    """Return the newest release whose keys are known."""
    return Version.parse(_table()["releases"][-1])


def _since(first: str, version: Version | None) -> Version | None:
    """Return the first known release with a key, if the host's is no newer than a known one without it."""
    since = Version.parse(first)
    without = [release for release in map(Version.parse, _table()["releases"]) if release < since]
    return since if without and version is not None and version <= without[-1] else None


@cache
def _keys_of(name: str) -> Mapping[str, str]:
    """Return the keys of a file with the first known release of each; none for a file that is not known."""
    keys: Mapping[str, Mapping[str, str]] = _table()["keys"]
    if name == "virtproxyd":
        return keys["libvirtd"]
    if name in _MODULAR:
        return {key: since for key, since in keys["libvirtd"].items() if key not in WITH_IP | _NEW_WITH_IP}
    return keys.get(name, {})


@cache
def _table() -> Any:
    return json.loads(_FILE.read_text(encoding="utf-8"))


def _of_key(key: str, at: Location) -> Location:
    """Return the location of the key whose value is at this one; a value on another line keeps its own."""
    column = len(at.text) - len(at.text.lstrip()) + 1
    is_here = at.text.startswith(key, column - 1)
    return replace(at, column=column, end_column=column + len(key)) if is_here else at
