"""Difference between a host's clock and that of the control machine."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable

_CLOCK = re.compile(r"clock (\d{1,12}(?:\.\d{1,9})?) ", re.ASCII)


class Clock(Fact, frozen=True, kw_only=True):
    """A host's clock."""

    #: Seconds by which the host's clock is ahead; inaccurate by the time that a batch of answers takes.
    ahead: float

    @classmethod
    def parse(cls, daemons: Record, asked_at: Record) -> Self:
        """Parse the first line of the answer about daemons, and the time of the question, both since the epoch."""
        found = _CLOCK.match(daemons.required())
        try:
            asked = float(asked_at.required())
        except ValueError:
            raise Unreadable("it is unknown when the host was asked") from None
        if found is None:
            raise Unreadable("the host did not report its time")
        return cls(ahead=float(found[1]) - asked)
