"""The record of a row in the lab: the verdict, what libvirt then did, and both hosts' answers, for offline tests."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Struct, to_builtins

from preflight.facts.control.by_preflight import HUNG_UP

from .row import HERE, Row

RECORDED = HERE / "recorded"
#: All that virsh says of some peer-to-peer migrations that fail: what the source's daemon meets when it closes its
#: connection takes the place of the reason, which its log still has. Seen over ssh with libvirt 7.0, 9.0 and 11.3, at
#: one time and not at another with the same hosts and the same cause, so neither text can be foretold for certain.
LOST = f"{HUNG_UP}: : Input/output error"

#: How virsh's message ends where the destination's QEMU ended before libvirt had read why. The same hosts with the same
#: cause gave this at one time, and at another QEMU's own reason behind it (libvirt 9.0, 9p and huge pages).
NO_REASON = "qemu unexpectedly closed the monitor"


class Seen(Struct, frozen=True, kw_only=True):
    """One row as it went on real hosts."""

    #: Versions on either side, as the report gives them.
    source: str
    destination: str
    #: ready, not-ready or undetermined.
    verdict: str
    #: The rules that said error, and the text that they said libvirt's message would contain.
    errors: tuple[tuple[str, str | None], ...]
    #: The rules that were unknown.
    unknown: tuple[str, ...]
    outcome: Literal["moves", "fails"]
    #: virsh's message, empty when it succeeded.
    message: str

    @property
    def agrees(self) -> bool:
        """Report whether the verdict is what then happened."""
        return (self.verdict, self.outcome) in (("ready", "moves"), ("not-ready", "fails"))

    def same_cause(self, row: Row) -> bool:
        """Report whether libvirt's message contains a predicted error.

        Where the row says that there is none, virsh must have hung and the row's rule have foretold no message; so
        must it have where virsh was content and the guest came to harm. Where
        the message got lost on the way through the source's daemon, or QEMU's reason was not read, the row's rule must
        have foretold one.
        """
        if row.silent:
            return self.message == row.no_end and (row.rule, None) in self.errors
        if self.message == row.damaged:
            return (row.rule, None) in self.errors
        if ("--p2p" in row.virsh and LOST in self.message) or self.message.endswith(NO_REASON):
            return any(predicted and rule == row.rule for rule, predicted in self.errors)
        return any(predicted and predicted in self.message for _, predicted in self.errors)


def seen(report: dict[str, Any], outcome: Literal["moves", "fails"], message: str) -> Seen:
    """Return the record of a report in JSON and of what virsh said."""
    return Seen(
        source=_versions(report["source"]),
        destination=_versions(report["destination"]),
        verdict=report["verdict"],
        errors=tuple(
            (result["rule"], finding["predicted_error"])
            for result in report["results"]
            if result["outcome"] == "failed" and result["severity"] == "error"
            for finding in result["findings"]
        ),
        unknown=tuple(sorted({r["rule"] for r in report["results"] if r["outcome"] == "unknown"})),
        outcome=outcome,
        message=message,
    )


def write(name: str, saw: Seen, snapshot: str, files: Mapping[str, str] = MappingProxyType({})) -> None:
    """Keep a row's record, with the files that its options name; the same record gives the same bytes."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"seen": to_builtins(saw), "snapshot": json.loads(snapshot)} | ({"files": dict(files)} if files else {})
    path.write_bytes(gzip.compress(json.dumps(kept, sort_keys=True).encode(), mtime=0))


def read(name: str) -> tuple[Seen, str] | None:
    """Return a row's record and the snapshot of both hosts as JSON; None when the lab has not seen the row."""
    path = _path(name)
    if not path.exists():
        return None
    kept = _kept(path)
    return kept.seen, bytes(kept.snapshot).decode()


def is_recorded(name: str) -> bool:
    """Report whether the lab has seen the row."""
    return _path(name).exists()


def last_seen(name: str) -> float:
    """Return the time of the row's record in seconds since the epoch, according to its file; 0 if there is none."""
    path = _path(name)
    return path.stat().st_mtime if path.exists() else 0.0


def files(name: str) -> Mapping[str, str]:
    """Return the text of each file that the options of a recorded row name, by its path."""
    return _kept(_path(name)).files


class _Kept(Struct, frozen=True):
    """A record as its file has it; the snapshot is left as it is written, since most readers need only the rest."""

    seen: Seen
    snapshot: msgspec.Raw
    files: dict[str, str] = {}


def _kept(path: Path) -> _Kept:
    return msgspec.json.decode(gzip.decompress(path.read_bytes()), type=_Kept)


def _versions(host: dict[str, Any]) -> str:
    known = (host["release"], host["libvirt"] and f"libvirt {host['libvirt']}", host["qemu"] and f"QEMU {host['qemu']}")
    return ", ".join(part for part in known if part) or "not known"


def _path(name: str) -> Path:
    return RECORDED / f"{name}.json.gz"
