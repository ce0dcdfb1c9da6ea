"""Connections from a host to the servers of network disks."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Struct

from preflight import grammar
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable

_LINE = re.compile(r"port (\d{1,3}) (\S{1,300}) (\d{1,5}) (.{0,300})", re.ASCII)
#: The exit code of `timeout`, and the message of `nc -w`: the 5 seconds are preflight's own limit; the kernel tries
#: longer, so that QEMU might still be answered.
_TIMED_OUT, _NC_TIMED_OUT = 124, "Connection timed out"
#: Error messages of the C library for failed connections (strerror); the last is of a route or rule of the type
#: "prohibit".
_REASONS = ("Connection refused", "No route to host", "Network is unreachable", "Permission denied")
#: Likewise of the type "blackhole", to an address; bash says it of a name that does not resolve, too.
_OF_ADDRESS = "Invalid argument"
#: The first exit code by which `timeout` or the shell says that nothing could be run.
_NOT_RUN = 125


class DiskPorts(Fact, frozen=True, kw_only=True):
    """The servers and ports that were tried."""

    class Tried(Struct, frozen=True):
        """Outcome of one connection: exit code and error message."""

        code: int
        said: str

    answers: Mapping[tuple[str, int], Tried]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def refusal(self, name: str, port: int) -> str | None:
        """Return the C library's error for a failed connection, None for a successful one; raises `Unreadable`."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether {name} answers on port {port}: {self.error}")
        tried = self.answers.get((name, port))
        if tried is None:
            raise Unreadable(
                f"the host was not asked to connect to {name} on port {port}: at most 64 servers are tried"
            )
        if tried.code == 0:
            return None
        if tried.code == _TIMED_OUT or tried.said == _NC_TIMED_OUT:
            raise Unreadable(f"{name} did not answer on port {port} within 5 s: it may be slow, or never answer")
        is_known = tried.said in _REASONS or (tried.said == _OF_ADDRESS and grammar.is_address(name))
        if tried.code >= _NOT_RUN or not is_known:
            raise Unreadable(f"it is unknown whether {name} answers on port {port}: {tried.said or tried.code}")
        return tried.said

    @classmethod
    def parse(cls, ports: Annotated[Record, "disk-ports", OPTIONAL]) -> Self:
        """Parse the answer to `questions.connect_all`; without one, keep the reason."""
        try:
            text = ports.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        found = filter(None, map(_LINE.fullmatch, text.splitlines()))
        return cls(answers={(one[2], int(one[3])): cls.Tried(int(one[1]), one[4].strip()) for one in found})
