"""Speeds of a host's links, as reported by their drivers."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record

_LINE = re.compile(r"/sys/class/net/([^/]+)/speed:(\d{1,9})", re.ASCII)


class LinkSpeed(Fact, frozen=True, kw_only=True):
    """Speed in Mbit/s by link name, for links whose driver reports it; that of a down or virtual link may not."""

    mbit_per_s: Mapping[str, int]

    @classmethod
    def parse(cls, speeds: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the output of `grep` over /sys/class/net/*/speed."""
        found = map(_LINE.fullmatch, speeds.out.splitlines())
        return cls(mbit_per_s={match[1]: int(match[2]) for match in found if match is not None and int(match[2]) > 0})
