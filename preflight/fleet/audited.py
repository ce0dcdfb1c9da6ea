"""The result of an audit, as its formats take it."""

from functools import cached_property

from msgspec import Struct

from preflight.fleet.baseline import Baselines
from preflight.fleet.groups import Group, groups, verdict_of
from preflight.fleet.matrix import Matrix
from preflight.judge.report import Made, Verdict


class Odd(Struct, frozen=True):
    """What is different on one host and alike on all others."""

    #: The host's number in the matrix.
    host: int
    text: str


class Audited(Struct, frozen=True, dict=True):
    """All ways between hosts, and what follows from them."""

    matrix: Matrix
    #: True if only a READY of every way is one; otherwise every guest needs a way that is READY.
    every: bool = False
    odd: tuple[Odd, ...] = ()
    baselines: Baselines = Baselines()
    made: Made | None = None

    @cached_property
    def groups(self) -> list[Group]:
        """The causes by rule and host, those that keep most ways from being READY first."""
        return groups(self.matrix)

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict on all hosts."""
        return verdict_of(self.matrix, every=self.every)
