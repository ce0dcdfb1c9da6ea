"""Name resolution on a host for the servers of network disks."""

from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable


class DiskServers(Fact, frozen=True, kw_only=True):
    """The names that the host was asked to resolve."""

    #: For each name, True if the host's own resolver found an address.
    answers: Mapping[str, bool]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def resolves(self, name: str) -> bool:
        """Report whether the host finds an address for the name; raises `Unreadable` if that is unknown."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether {name} can be resolved: {self.error}")
        if name not in self.answers:
            raise Unreadable(f"the host was not asked to resolve {name}")
        return self.answers[name]

    @classmethod
    def parse(cls, servers: Annotated[Record, "disk-servers", OPTIONAL]) -> Self:
        """Parse the answer to `questions.resolve_all`; without one, keep the reason."""
        try:
            text = servers.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers = {}
        for line in text.splitlines():
            code, _, name = line.partition(" ")
            # getent exits with 2 if a name is not found; any other code is a failure of getent itself
            if code in ("0", "2"):
                answers[name] = code == "0"
        return cls(answers=answers)
