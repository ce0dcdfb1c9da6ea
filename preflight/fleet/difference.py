"""The difference between two snapshots, pairs or reports, as values: what changed, and what that did to the verdict."""

import enum

from msgspec import Struct

from preflight.judge.report import SEVERE, Verdict


class Kind(enum.StrEnum):
    """Kind of a change."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"


class Effect(enum.StrEnum):
    """Effect of a change of one rule's result."""

    WORSE = "worse"
    BETTER = "better"
    NEITHER = "neither"


class Change(Struct, frozen=True):
    """One change of a host, in the words of an administrator."""

    #: The name of the host.
    host: str
    kind: Kind
    text: str
    #: The guest that it is about; None if it is about the host.
    guest: str | None = None
    #: The file that has it, and the line, in the newer state unless it is gone; None if it is in no file.
    path: str | None = None
    line: int | None = None
    #: The records that show it.
    records: frozenset[str] = frozenset()


class ChangedResult(Struct, frozen=True):
    """A finding or an unknown that is new, or no longer there."""

    rule: str
    #: As in a report: pair, source, destination, guests or "guest NAME".
    subject: str
    severity: str
    #: The outcome before and after; None if the rule was not applied.
    before: str | None
    after: str | None
    effect: Effect
    #: The message of the finding, or the reason for the unknown.
    text: str
    #: The texts of the changes that explain it.
    because: tuple[str, ...] = ()


class ChangedVerdict(Struct, frozen=True):
    """The verdict on all guests together, or on one."""

    #: None for the verdict as a whole.
    guest: str | None
    before: Verdict
    after: Verdict

    @property
    def is_worse(self) -> bool:
        """True if the verdict became worse."""
        return SEVERE.index(self.after) < SEVERE.index(self.before)


class Side(Struct, frozen=True):
    """One of the two states that are compared."""

    #: The file or directory, as it was given.
    path: str
    #: The names of the hosts, in order.
    hosts: tuple[str, ...]
    #: Time at which the answers were given or the report was made, in seconds since the epoch; None if not known.
    taken: int | None
    #: Who took the snapshot or made the report, where and with which version; empty if that is not known.
    by: str = ""


class Difference(Struct, frozen=True):
    """Everything that differs."""

    old: Side
    new: Side
    #: "snapshots" or "reports".
    what: str
    changes: tuple[Change, ...]
    #: The verdict before and after; None if there is none, because each side is a single host.
    verdict: ChangedVerdict | None = None
    #: The guests whose verdict changed.
    guests: tuple[ChangedVerdict, ...] = ()
    results: tuple[ChangedResult, ...] = ()

    @property
    def is_worse(self) -> bool:
        """True if the verdict, or that on a guest which both sides have, became worse."""
        return any(one.is_worse for one in (self.verdict, *self.guests) if one is not None)

    @property
    def is_empty(self) -> bool:
        """True if nothing differs."""
        changed = self.verdict is not None and self.verdict.before is not self.verdict.after
        return not (self.changes or self.results or self.guests or changed)

    @property
    def exit_code(self) -> int:
        """Return 1 if the verdict became worse, else 0."""
        return int(self.is_worse)
