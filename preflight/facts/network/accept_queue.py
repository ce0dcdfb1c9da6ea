"""The kernel's limit on connections that a program has not accepted yet."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable


class AcceptQueue(Fact, frozen=True, kw_only=True):
    """net.core.somaxconn, which caps the backlog of listen(2) for every program."""

    somaxconn: int

    @classmethod
    def parse(cls, somaxconn: Record) -> Self:
        """Parse /proc/sys/net/core/somaxconn."""
        text = somaxconn.required().strip()
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
            raise Unreadable("net.core.somaxconn could not be read")
        return cls(somaxconn=int(text))
