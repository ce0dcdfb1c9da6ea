"""The causes for which libvirt and QEMU refuse a migration, with the rules that predict them.

They make docs/reference/refusals.md.

causes.toml has every cause that was found in the sources of libvirt 9.0.0 and 11.3.0 and of QEMU 7.2 and 10.0 (Debian's
source packages): each call that reports an error and that a migration can reach, grouped by what an administrator would
call one cause. `seen` finds the truth rows that failed with its message.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct, convert

from preflight.judge.forms import Form
from tests.lab.truth.record import is_recorded, read
from tests.lab.truth.row import rows

HERE = Path(__file__).parent
#: What stands for a varying value in libvirt's and QEMU's own sources.
_VALUE = re.compile(r"%(?:\d+\$)?(?:zu|ll?u|s|d|x|0?4x)|0x\.\.\.|\[[^\]]*\]")


class Cause(Struct, frozen=True, forbid_unknown_fields=True):
    """One cause."""

    #: libvirt's or QEMU's message, or several separated by a semicolon; in brackets what is no part of it.
    error: str
    #: The function or file that reports it.
    where: str
    #: Whether a look at both hosts before the migration can show it.
    known: Literal["yes", "partly", "no"]
    #: high: an ordinary administrator meets it; medium: common at some kinds of sites; low: rare, or misuse.
    likely: Literal["high", "medium", "low"]
    #: The rules that predict it.
    rules: tuple[str, ...]
    #: Why there is no rule, or what its rules leave out; empty if there is nothing to say.
    reason: str

    @property
    def forms(self) -> tuple[Form, ...]:
        """The messages in the form in which `preflight explain` compares them, without those that say too little."""
        texts = (_VALUE.sub("...", text.partition(" (")[0]) for text in self.error.split("; "))
        found = (Form.parse(text.strip()) for text in texts)
        return tuple(form for form in found if form.parts and form.is_telling)


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """The causes of one phase of a migration."""

    title: str
    cause: tuple[Cause, ...]


class _Causes(Struct, frozen=True, forbid_unknown_fields=True):
    part: tuple[Part, ...]


@cache
def parts() -> tuple[Part, ...]:
    """Return all causes, by phase."""
    return convert(tomllib.loads((HERE / "causes.toml").read_text(encoding="utf-8")), _Causes).part


def causes() -> tuple[Cause, ...]:
    """Return all causes."""
    return tuple(cause for part in parts() for cause in part.cause)


@cache
def _failed() -> Mapping[str, str]:
    """Return virsh's message for each row that failed."""
    recorded = {name: read(name) for name in rows() if is_recorded(name)}
    return {name: known[0].message for name, known in recorded.items() if known and known[0].outcome == "fails"}


@cache
def seen(cause: Cause) -> tuple[str, ...]:
    """Return the rows that failed with the cause's message, or in which one of its rules named what virsh then said."""
    return tuple(name for name, message in _failed().items() if any(form.find(message) for form in cause.forms))


def markdown() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    everything = causes()
    known = [cause for cause in everything if cause.known != "no"]
    ruled = [cause for cause in known if cause.rules]
    yield "# Refusals"
    yield ""
    yield f"All {len(everything)} causes for which libvirt or QEMU refuses a migration, ends it or lets it do harm,"
    yield "read in the sources of libvirt 9.0.0 and 11.3.0 and of QEMU 7.2 and 10.0. Of these,"
    yield f"{len(known)} can be known before the migration, at least in part; rules predict {len(ruled)} of them."
    yield ""
    yield "*Known* says whether the hosts show the cause before the migration. *Likely* is a judgement: high causes are"
    yield "met by ordinary administrators, medium ones at some kinds of sites (Windows guests, clouds, desktops, mixed"
    yield "distributions), low ones only with rare features. *Seen* counts the [truth rows](truth.md) in which virsh"
    yield "failed with this message on real hosts."
    for part in parts():
        yield ""
        yield f"## {part.title}"
        yield ""
        yield "| Message or effect | Where | Known | Likely | Rules | Seen | Remark |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for cause in part.cause:
            linked = ", ".join(f"[{name}](../rules/{name}.md)" for name in cause.rules)
            cells = (
                cause.error,
                cause.where,
                cause.known,
                cause.likely,
                linked,
                str(len(seen(cause)) or ""),
                cause.reason,
            )
            yield "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
    yield ""
