"""Settings of libvirt's units that are ignored: keys that systemd does not know, variables that no command line uses.

systemd itself prints the keys that it reads (`systemd --dump-configuration-items`); for any other it logs "Unknown key
name ... in section ..., ignoring." and starts the daemon without the setting.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.located import Location

_LINE = re.compile(r"(\d{1,5}) (\[?)([^\]=]{0,200})(?:\].*|=)")
_PATH = re.compile(r"/[\w./@+:\\-]{1,250}")
#: Names of variables for the arguments of a daemon, in the units of some distribution or release.
_ARGUMENTS = re.compile(r"(?:lib)?virt\w*[_-]?(?:args?|opts?|options?)", re.IGNORECASE)
#: How alike two names must be for one to be a misspelling of the other (difflib's ratio).
_ALIKE = 0.75
_Known = Mapping[str, frozenset[str]]


class IgnoredUnitSetting(Struct, frozen=True):
    """A setting that has no effect where it is."""

    message: str
    at: Location


class IgnoredUnitSettings(Fact, frozen=True, kw_only=True):
    """The settings without effect in an administrator's files about the units of libvirt's daemons."""

    settings: tuple[IgnoredUnitSetting, ...] = ()
    #: Why more is not known; None if all is.
    unread: str | None = None

    @classmethod
    def parse(cls, edited_units: Record) -> Self:
        """Parse the sections, keys and variables of the files, and the keys that this systemd reads."""
        said, mark, dump = edited_units.required().partition("\x1e\n")
        known = _known(dump)
        found: list[IgnoredUnitSetting] = []
        unread = "systemd did not print the keys that it reads in units" if mark and not known else None
        for path, lines in _files(said):
            if path.endswith((".service", ".socket", ".conf")):
                found += _keys(path, lines, known) if known else ()
            else:
                found += _variables(path, lines)
        return cls(settings=tuple(found), unread=unread)


def _known(dump: str) -> _Known:
    """Return the keys of each section."""
    known: dict[str, set[str]] = {}
    section = ""
    for line in dump.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            known.setdefault(section, set()).add(line)
    return {name: frozenset(keys) for name, keys in known.items()}


def _files(said: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each file with its lines; those about a file that was named before are added to it."""
    found: dict[str, list[str]] = {}
    for part in said.split("\x1f")[1:]:
        path, *lines = part.splitlines()
        if _PATH.fullmatch(path) is None:
            raise Unreadable(f"unexpected name of a file about libvirt's units: {path[:80]!r}")
        found.setdefault(path, []).extend(lines)
    yield from found.items()


def _keys(path: str, lines: list[str], known: _Known) -> Iterator[IgnoredUnitSetting]:
    section = None
    for line in lines:
        number, is_section, name = _parts(line)
        name = name.strip()
        if is_section:
            section = name
            if name not in known and not name.startswith("X-"):
                yield _ignored(path, number, name, f"systemd ignores the section [{name}]{_like(name, known)}")
        elif section is None:
            yield _ignored(path, number, name, f"systemd ignores {name}, which is in no section")
        elif section in known and name not in known[section] and not name.startswith("X-"):
            others = [other for other, keys in known.items() if name in keys]
            meant = f": it is a key of [{others[0]}]" if others else _like(name, known[section])
            yield _ignored(path, number, name, f"systemd ignores {name} in [{section}]{meant}")


def _variables(path: str, lines: list[str]) -> Iterator[IgnoredUnitSetting]:
    starts = " ".join(line for line in lines if line.startswith("starts "))
    used = frozenset(re.findall(r"\$\{?(\w{1,64})", starts))
    if not used:
        return  # no command line was found
    for line in lines:
        if line.startswith("starts "):
            continue
        number, _, name = _parts(line)
        alike = difflib.get_close_matches(name.upper(), used, 1, _ALIKE)
        if name not in used and (alike or _ARGUMENTS.fullmatch(name)):
            uses = " and ".join(f"${one}" for one in sorted(used))
            yield _ignored(path, number, name, f"{name} has no effect: the unit's command line uses {uses}")


def _parts(line: str) -> tuple[int, bool, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Unreadable(f"unexpected line of a file about libvirt's units: {line[:80]!r}")
    return int(found[1]), found[2] == "[", found[3]


def _like(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    alike = difflib.get_close_matches(name, known, 1, _ALIKE)
    return f"; did you mean {alike[0]}?" if alike else ""


def _ignored(path: str, number: int, name: str, message: str) -> IgnoredUnitSetting:
    return IgnoredUnitSetting(message, Location(path, number, 1, 1 + len(name), name))
