"""Whether a host can resolve the names of the servers that network disks are on."""

from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable


class DiskServers(Fact, frozen=True, kw_only=True):
    """The names that were asked for."""

    #: By name, whether the host's own resolver found an address.
    answers: Mapping[str, bool]
    #: Why the host did not answer; None when it did.
    error: str | None = None

    def resolves(self, name: str) -> bool:
        """Whether the host finds an address for the name; raises `Unreadable` when that was not told."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether {name} can be resolved: {self.error}")
        if name not in self.answers:
            raise Unreadable(f"the host was not asked to resolve {name}")
        return self.answers[name]

    @classmethod
    def parse(cls, servers: Record) -> Self:
        """Read the answer to `questions.resolve_all`; without one the reason is kept."""
        try:
            text = servers.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers = {}
        for line in text.splitlines():
            code, _, name = line.partition(" ")
            # getent says 2 for a name that is not found; anything else is getent's own failure
            if code in ("0", "2"):
                answers[name] = code == "0"
        return cls(answers=answers)
