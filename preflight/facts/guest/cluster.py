"""Guests that pacemaker starts and stops: its VirtualDomain resources, and the names of their guests."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, Record, Unreadable

_PRIMITIVE = r'<primitive [^<>]*\bid="([^"]{1,256})"'
_PAIR = r'\bname="([a-z-]{1,32})"'
_VALUE = r'\bvalue="([^"]{0,4096})"'
_NAME = r"(/[^:]{1,4096}):.*?<name>([^<]{1,512})</name>"
#: Maximum number of resources of one cluster that are read.
_MOST = 50_000
#: Booleans of pacemaker (crm_str_to_boolean, lib/common/strings.c).
_TRUE = frozenset(("true", "on", "yes", "y", "1"))


class ClusterResource(Struct, frozen=True, kw_only=True):
    """A VirtualDomain resource."""

    id: str
    #: The file that defines the guest.
    config: str
    #: False if pacemaker was told to leave it alone (is-managed, maintenance).
    managed: bool
    #: True if pacemaker keeps it stopped (target-role).
    stopped: bool
    #: The guest's name in that file; None if this host could not read it.
    guest: str | None


class Cluster(Fact, frozen=True, kw_only=True):
    """Pacemaker's configuration as this host has it; without resources if pacemaker does not run here."""

    #: True if it leaves all resources alone (maintenance-mode).
    maintenance: bool
    #: True if a node, a group or the defaults leave some resources alone, so that a resource need not say so itself.
    partly_unmanaged: bool
    resources: tuple[ClusterResource, ...]

    def of(self, guest: str) -> ClusterResource | None:
        """Return the resource that starts the guest of this name, or None.

        Where the file could not be read, its own name counts: /etc/libvirt/qemu/web.xml defines web.
        """
        for one in self.resources:
            name = one.guest or one.config.rpartition("/")[2].removesuffix(".xml")
            if name == guest:
                return one
        return None

    @classmethod
    def parse(cls, answer: Annotated[Record, "cluster"]) -> Self:
        """Parse the lines of cib.xml about such resources, and the names in their files; none without pacemaker."""
        lines = [] if answer.missing else answer.required().splitlines()
        names = {found[1]: _unescaped(found[2]) for line in lines if (found := re.match(_NAME, line))}
        resources, others = _pairs(lines)
        return cls(
            maintenance=_is_true(others, "maintenance-mode"),
            partly_unmanaged=_is_true(others, "maintenance") or _is_false(others, "is-managed"),
            resources=tuple(_resources(resources, names)),
        )


def _pairs(lines: list[str]) -> tuple[Mapping[str, list[tuple[str, str]]], list[tuple[str, str]]]:
    """Return the settings of each resource, by its ID, and those of everything else."""
    resources: dict[str, list[tuple[str, str]]] = {}
    others: list[tuple[str, str]] = []
    current = others
    for line in lines:
        if found := re.search(_PRIMITIVE, line):
            current = resources.setdefault(_unescaped(found[1]), [])
            if len(resources) > _MOST:
                raise Unreadable(f"pacemaker has more than {_MOST} resources")
        elif said := _said(line):
            current.append(said)
        if "</primitive>" in line or ("<primitive " in line and line.rstrip().endswith("/>")):
            current = others
    return resources, others


def _resources(told: Mapping[str, list[tuple[str, str]]], names: Mapping[str, str]) -> Iterator[ClusterResource]:
    for name, pairs in told.items():
        config = next((value for key, value in pairs if key == "config"), None)
        if config is not None:
            yield ClusterResource(
                id=name,
                config=config,
                managed=not (_is_false(pairs, "is-managed") or _is_true(pairs, "maintenance")),
                stopped=("target-role", "stopped") in [(key, value.lower()) for key, value in pairs],
                guest=names.get(config),
            )


def _is_true(pairs: list[tuple[str, str]], key: str) -> bool:
    return any(one == key and value.lower() in _TRUE for one, value in pairs)


def _is_false(pairs: list[tuple[str, str]], key: str) -> bool:
    return any(one == key and value.lower() not in _TRUE for one, value in pairs)


def _said(line: str) -> tuple[str, str] | None:
    """Return the name and the value of an nvpair, in either order of its attributes."""
    name, value = re.search(_PAIR, line), re.search(_VALUE, line)
    return (name[1], _unescaped(value[1])) if name and value else None


def _unescaped(text: str) -> str:
    """Return the text of an attribute without references to characters; few values have one."""
    if "&" not in text:
        return text
    from html import unescape  # which takes a millisecond to load

    return unescape(text)
