"""Comparison of one host with itself at another time, one subject at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from preflight.facts.fact import NotAsked, Unreadable
from preflight.facts.text.located import Location
from preflight.fleet.difference import Change, Kind
from preflight.host import Host

K = TypeVar("K")


class Said(Struct, frozen=True):
    """One change, without the host and its records."""

    kind: Kind
    text: str
    at: Location | None = None
    guest: str | None = None
    #: The file, if no line in it has the change.
    path: str | None = None


class Comparison(Struct, frozen=True):
    """One subject, and the function that compares two states of a host."""

    #: What the host may not have told, as in "the guests are not known any more".
    topic: str
    records: frozenset[str]
    compare: Callable[[Host, Host], Iterable[Said]]


def compared(old: Host, new: Host, comparisons: Iterable[Comparison]) -> Iterator[Change]:
    """Yield the changes of a host; what only one of the states knows is a change too."""
    lost: dict[tuple[bool, str], list[Comparison]] = {}
    for one in comparisons:
        try:
            found = [_change(new.name, said, one.records) for said in one.compare(old, new)]
        except NotAsked:
            continue  # an older preflight did not ask
        except Unreadable:
            before, after = _why_unknown(old, one), _why_unknown(new, one)
            if before is None and after is not None:
                lost.setdefault((True, after), []).append(one)
            elif after is None and before is not None:
                lost.setdefault((False, before), []).append(one)
            continue
        yield from found
    for (is_gone, why), these in lost.items():
        topics = ", ".join(one.topic for one in these)
        text = f"not known any more: {topics}: {why}" if is_gone else f"known again: {topics} (before: {why})"
        records = frozenset().union(*(one.records for one in these))
        yield Change(new.name, Kind.GONE if is_gone else Kind.ADDED, text, records=records)


def _why_unknown(host: Host, one: Comparison) -> str | None:
    try:
        for _ in one.compare(host, host):
            pass
    except Unreadable as why:
        return str(why)
    return None


def _change(host: str, said: Said, records: frozenset[str]) -> Change:
    path, line = (said.path, None) if said.at is None else (said.at.path, said.at.line)
    return Change(host, said.kind, said.text, said.guest, path, line, records)


def place(at: Location | None) -> str:
    """Return a place as PATH:LINE; empty without one."""
    return "" if at is None else f"{at.path}:{at.line}"


def value(
    label: str, before: object, after: object, at: Location | None = None, guest: str | None = None
) -> Iterator[Said]:
    """Yield the change of one value if it is one: "LABEL BEFORE -> AFTER"."""
    if before == after:
        return
    if before is None:
        yield Said(Kind.ADDED, f"{label}: {after}", at, guest)
    elif after is None:
        yield Said(Kind.GONE, f"{label}: {before} is gone", at, guest)
    else:
        yield Said(Kind.CHANGED, f"{label}: {before} -> {after}", at, guest)


def either(label: str, states: Iterable[object], guest: str | None = None) -> Iterator[Said]:
    """Yield the change of one value, given as its two states."""
    before, after = states
    yield from value(label, before, after, guest=guest)


def keyed(old: Mapping[K, Any], new: Mapping[K, Any]) -> Iterator[tuple[K, Any, Any]]:
    """Yield each key of either mapping with both values, None where one lacks it: first those of the old one."""
    for key in dict.fromkeys([*old, *new]):
        yield key, old.get(key), new.get(key)
