"""What was said of libvirt's test domains, as recorded and as docs/reference/domains.md shows it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from .judged import Entry, Summed, entries

RECORDED = Path(__file__).parent / "recorded.json"


class Recorded(Struct, frozen=True):
    """The run that was recorded last."""

    #: Domains by the release whose libvirt has them, each counted once, in the oldest.
    domains: dict[str, int]
    #: Files that are not XML.
    unread: int
    verdicts: dict[str, int]
    #: Seconds: the longest of all judgements.
    slowest: float
    kinds: tuple[Summed, ...]


def write(found: Recorded) -> None:
    """Keep a run."""
    RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def read() -> Recorded:
    """Return the run that was recorded last."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Recorded)


def entry_titled(title: str) -> Entry:
    """Return an entry of kinds.toml."""
    return next(one for one in entries() if one.title == title)


def faults(found: Recorded) -> Iterator[str]:
    """Yield what contradicts kinds.toml: guests that are READY and may not be, and rules that report none of them."""
    for one in found.kinds:
        entry = entry_titled(one.title)
        if entry.always and one.example:
            yield f"{one.title}: {one.example} is READY"
        if entry.rule is not None and not one.by_rule:
            yield f"{one.title}: {entry.rule} reports none"
        if entry.rule is None and not entry.why:
            yield f"{one.title}: neither a rule nor a reason"


def markdown() -> str:
    """Return the page."""
    return "\n".join(_lines(read()))


def _lines(found: Recorded) -> Iterator[str]:
    total, given = sum(found.domains.values()), found.verdicts
    yield "# Test domains"
    yield ""
    yield f"libvirt tests itself with definitions of guests: {total:,} different ones in the source packages of"
    yield "Debian 11 to 13 (libvirt 7.0, 9.0 and 11.3). `make domains` puts each into two recorded hosts (Debian 12,"
    yield "libvirt 9.0, QEMU 7.2) as the guest that is to be migrated. It becomes the recorded guest in name, memory,"
    yield "machine type and CPU model, and every path and server that it names is on both hosts, so that the report"
    yield f"follows from what the guest is made of. {given.get('ready', 0):,} are READY,"
    yield f"{given.get('not-ready', 0):,} NOT READY and {given.get('undetermined', 0):,} UNDETERMINED;"
    yield f"{found.unread} more could not be read as XML. No rule or fact failed, and the slowest check took"
    yield f"{found.slowest:.1f} s."
    yield ""
    yield "A domain has many kinds of devices and settings, and counts for each. *Rule* is the rule that reports the"
    yield "kind, and *Reported* how many domains it reports or is UNKNOWN about. *All* says that no guest with"
    yield "such a kind is READY, which the run checks. Other domains that are not READY fail for another reason."
    yield ""
    yield "| Kind | Domains | READY | Rule | Reported | READY because, or when |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in found.kinds:
        entry = entry_titled(one.title)
        rule = "" if entry.rule is None else f"[{entry.rule}](../rules/{entry.rule}.md)"
        reported = "All" if entry.always else str(one.by_rule or "")
        count, ready = str(sum(one.verdicts.values())), str(one.verdicts.get("ready", 0))
        yield f"| {one.title} | {count} | {ready} | {rule} | {reported} | {entry.why} |"
    yield ""
