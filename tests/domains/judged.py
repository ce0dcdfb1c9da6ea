"""Judges one domain after the other, and sums up what was said by kind."""

import fnmatch
import re
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

from msgspec import Struct, convert

from preflight.collect.endpoints import open_hosts
from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.judge.check import check
from preflight.judge.report import Verdict
from preflight.request.check_request import Asked
from preflight.request.method import Method

from .hosts import is_x86, pair
from .kinds import kinds
from .sources import Domain

HERE = Path(__file__).parent
#: The reason of an UNKNOWN for a rule or a fact that raised something unexpected.
_BUG = re.compile(r"the rule itself failed|could not be read: \w+(?:Error|Exception): ")


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of kinds.toml."""

    title: str
    kinds: tuple[str, ...]
    why: str
    rule: str | None = None
    always: bool = False


class Judged(Struct, frozen=True):
    """What was said of one domain."""

    domain: Domain
    kinds: frozenset[str]
    verdict: Verdict
    #: The rules that said error, or that were unknown where that decides.
    rules: frozenset[str]
    #: Seconds that the judgement took.
    took: float
    #: What rules and facts that failed themselves said.
    bugs: tuple[str, ...]


class Summed(Struct, frozen=True):
    """What was said of the domains with a kind of an entry."""

    title: str
    kinds: tuple[str, ...]
    verdicts: dict[str, int]
    #: Domains that the entry's own rule reported, or was unknown about.
    by_rule: int
    #: A domain that is READY; empty if none is.
    example: str


class _Entries(Struct, frozen=True, forbid_unknown_fields=True):
    entry: tuple[Entry, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """Return all entries of kinds.toml, in their order."""
    return convert(tomllib.loads((HERE / "kinds.toml").read_text(encoding="utf-8")), _Entries).entry


def entry_of(kind: str) -> Entry | None:
    """Return the first entry with a pattern that matches the kind."""
    return next((one for one in entries() if any(fnmatch.fnmatchcase(kind, form) for form in one.kinds)), None)


def judge(domain: Domain) -> Judged | None:
    """Judge a domain; None if its text is not XML."""
    began = time.perf_counter()
    try:
        root = parse_xml(domain.text)
        source, destination = pair(domain.text)
    except Unreadable:
        return None
    with open_hosts(Asked(source, destination, method=Method())) as opened:
        report = check(opened).report
    rules = frozenset(result.rule.name for result in report.results if result.blocks or result.obscures)
    bugs = tuple(
        dict.fromkeys(result.reason for result in report.results if result.reason and _BUG.search(result.reason))
    )
    return Judged(domain, _kinds(root), report.verdict, rules, time.perf_counter() - began, bugs)


def _kinds(root: Element) -> frozenset[str]:
    if is_x86(root):
        return kinds(root)
    machine = root.find("os/type")
    return frozenset((f"machine {'unknown' if machine is None else machine.get('arch', 'unknown')}",))


def summed(every: Iterable[Judged]) -> Iterator[Summed]:
    """Yield what was said of each entry's kinds, in the entries' order; those without a domain are left out."""
    found: dict[str, list[Judged]] = {}
    named: dict[str, set[str]] = {}
    for one in every:
        titles = {entry.title: entry for kind in one.kinds if (entry := entry_of(kind)) is not None}
        for title in titles:
            found.setdefault(title, []).append(one)
        for kind in one.kinds:
            if (entry := entry_of(kind)) is not None:
                named.setdefault(entry.title, set()).add(kind)
    for entry in entries():
        some = found.get(entry.title, [])
        if some:
            verdicts = Counter(one.verdict.value for one in some)
            yield Summed(
                title=entry.title,
                kinds=tuple(sorted(named[entry.title])),
                verdicts=dict(sorted(verdicts.items())),
                by_rule=sum(entry.rule in one.rules for one in some),
                example=min((one.domain.name for one in some if one.verdict is Verdict.READY), default=""),
            )


def unnamed(every: Iterable[Judged]) -> list[str]:
    """Return the kinds that no entry has."""
    return sorted({kind for one in every for kind in one.kinds if entry_of(kind) is None})
