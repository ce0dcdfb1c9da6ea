"""Audits, lints and differences full of hostile text, rendered in every format and read back as strictly.

Every text of a host, a guest, a file or the user is replaced in a third of its places, and numbers become huge.
"""

import functools
import random
import tempfile
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from preflight.facts.text.located import Location
from preflight.fleet.audited import Audited
from preflight.fleet.baseline import Baselines, Kind, LeftOut
from preflight.fleet.difference import ChangedResult, Difference
from preflight.judge.lint import Unjudged
from preflight.judge.report import HostSummary, Made, Result, RuleText
from preflight.output.formats import FORMATS
from preflight.request.check_request import Asked
from tests.golden import audits, differences, linting
from tests.hostile.formats import NAMES, PATHS, TEXTS, Case

#: Cases of each subject in a whole run.
CASES = 1000
SUBJECTS = ("audit", "lint", "difference")
#: Fields with names of hosts or of guests: the same name becomes the same text everywhere.
_NAMES = frozenset(("name", "host", "guest", "hosts", "guests"))
#: Fields that the program itself fills, by the type that has them; what is not text is left alone anyway.
_OWN: Mapping[type, frozenset[str]] = {
    RuleText: frozenset(("name", "topic")),
    HostSummary: frozenset(("libvirt", "qemu")),
    Made: frozenset(("version", "packs")),
    Result: frozenset(("subject",)),
    ChangedResult: frozenset(("rule", "subject", "severity", "before", "after")),
    Difference: frozenset(("what",)),
    Unjudged: frozenset(("why",)),
}
#: Values that have a form which their readers demand, or that are the request.
_KEPT = (Asked, Kind, Baselines, Enum)
#: One case in so many has a number that no machine has.
_HUGE = 10**30


def cases(seed: int, count: int = CASES, *, subject: str | None = None, form: str | None = None) -> Iterator[Case]:
    """Yield so many cases of each subject, or those of one; the formats take turns."""
    for one in SUBJECTS:
        forms = FORMATS[one]
        for number in range(count if subject in (None, one) else 0):
            if form in (None, forms[number % len(forms)]):
                bases = _bases(one)
                base = list(bases)[number // len(forms) % len(bases)]
                chance = random.Random(f"{seed} {one} {number}")
                yield Case(number, forms[number % len(forms)], base, _Change(chance).of(bases[base]), one)


@functools.cache
def _bases(subject: str) -> Mapping[str, Any]:
    """Return the values of a subject that are made hostile, by name."""
    if subject == "audit":
        return {name: audits.audit(name) for name in ("audit", "audit-down")}
    if subject == "lint":
        return {"lint": linting.linted()}
    with tempfile.TemporaryDirectory() as directory:
        return {name: differences.found(name, Path(directory)) for name in differences.DIFFERENCES}


class _Change:
    """Makes a value hostile."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._names: dict[str, str] = {}
        self._rules: dict[str, RuleText] = {}

    def of(self, value: Any, field: str = "") -> Any:
        """Return the value with hostile text in a third of its places."""
        if isinstance(value, Audited):
            return self._audited(value)
        if isinstance(value, _KEPT):
            return value
        if isinstance(value, RuleText):  # the same for all causes
            if value.name not in self._rules:
                self._rules[value.name] = self._struct(value)
            return self._rules[value.name]
        if isinstance(value, Struct):
            return self._struct(value)
        if isinstance(value, tuple | list):
            return type(value)(self.of(one, field) for one in value)
        if isinstance(value, frozenset):
            return value
        if isinstance(value, Mapping):
            return {key: self.of(one, field) for key, one in value.items()}
        if isinstance(value, str):
            return self._name(value) if field in _NAMES else self._text(value)
        return value

    def _struct(self, value: Any) -> Any:
        own = next((names for kind, names in _OWN.items() if isinstance(value, kind)), frozenset[str]())
        changed = {
            one.name: self.of(getattr(value, one.name), one.name) for one in fields(value) if one.name not in own
        }
        if isinstance(value, Location):
            column = self._chance.choice((1, 2, 10**9))
            path = self._chance.choice((value.path, *PATHS))
            text = changed["text"].replace("\n", " ")
            changed |= {"path": path, "column": column, "end_column": column + 1, "text": text}
        return replace(value, **changed)

    def _audited(self, value: Audited) -> Audited:
        """Return an audit; the hosts that have no CPU in common have hostile reasons, and the ways huge numbers."""
        made: Audited = self._struct(value)
        number = self._chance.choice((None, 0, _HUGE))
        cells = tuple(
            {to: replace(cell, allows=number) if cell.allows is not None else cell for to, cell in row.items()}
            for row in made.matrix.cells
        )
        left_out = tuple(LeftOut(one.host, self._text(one.reason)) for one in made.baselines.left_out)
        asked = replace(made.matrix.asked, ignore=tuple(self._text("x") for _ in range(self._chance.randrange(2))))
        return replace(
            made,
            matrix=replace(made.matrix, cells=cells, asked=asked),
            baselines=replace(made.baselines, left_out=left_out),
        )

    def _text(self, given: str) -> str:
        if self._chance.random() > 0.34:
            return given
        some = self._chance.choice(TEXTS)
        return self._chance.choice((some, f"{given}{some}", f"{some}{given}", f"{some}\n{given}")) or "x"

    def _name(self, given: str) -> str:
        """Return what a name becomes, which no other name does."""
        if given not in self._names:
            some = given if self._chance.random() > 0.34 else self._chance.choice(NAMES)
            taken = some in self._names.values() or not some
            self._names[given] = f"{some} {len(self._names)}" if taken else some
        return self._names[given]
