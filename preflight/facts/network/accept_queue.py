"""How many connections the kernel keeps for a program that has not accepted them yet, at most."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable


class AcceptQueue(Fact, frozen=True, kw_only=True):
    """net.core.somaxconn, which caps what any program asks for with listen(2)."""

    somaxconn: int

    @classmethod
    def parse(cls, somaxconn: Record) -> Self:
        """Read /proc/sys/net/core/somaxconn."""
        text = somaxconn.required().strip()
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
            raise Unreadable("net.core.somaxconn could not be read")
        return cls(somaxconn=int(text))
