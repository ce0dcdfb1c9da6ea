"""Whether ssh could log in to a host, and if not, what kind of failure it was."""

import enum
import re
from typing import Self

from preflight.facts.fact import Fact, Record

#: How ssh's complaint begins where sshd hangs up before the login; one login sees the connection closed and the next
#: sees it reset.
TURNED_AWAY = "kex_exchange_identification"


class LoginOutcome(enum.StrEnum):
    """How a login ended."""

    OK = "ok"
    #: The host's name does not resolve.
    NAME = "name"
    #: Nothing listens at the port, or a firewall rejects.
    REFUSED = "refused"
    #: No answer in time: the host is down, or a firewall drops.
    TIMEOUT = "timeout"
    #: No route to the host or its network.
    UNREACHABLE = "unreachable"
    #: The host's key is not known, or is another than the known one.
    HOST_KEY = "host-key"
    #: The host does not take any of the keys.
    AUTH = "auth"
    #: The host hung up before a login could be tried: MaxStartups, a penalty, or tcp wrappers.
    LIMITS = "limits"
    #: Anything else; `error` tells.
    OTHER = "other"


#: The first that matches decides: ssh's last line for a key that changed or a host that hung up says little.
_KINDS: tuple[tuple[str, LoginOutcome], ...] = (
    (
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|^No .* host key is known",
        LoginOutcome.HOST_KEY,
    ),
    (r"Could not resolve hostname", LoginOutcome.NAME),
    (r"Permission denied|Too many authentication failures|no mutual signature", LoginOutcome.AUTH),
    (r"Connection refused", LoginOutcome.REFUSED),
    (r"No route to host|Network is unreachable", LoginOutcome.UNREACHABLE),
    (r"timed out|Operation timed out|timeout", LoginOutcome.TIMEOUT),
    (TURNED_AWAY + r"|ssh_exchange_identification|Not allowed at this time", LoginOutcome.LIMITS),
    (r"Connection (?:reset|closed) by|Exceeded MaxStartups", LoginOutcome.LIMITS),
)
#: Lines that say nothing of a failure's cause: a debug line, a warning, the box around a changed host key.
_NOISE = re.compile(r"debug[123]: |Warning: |@+$|\*\* |Pseudo-terminal ")


class Login(Fact, frozen=True, kw_only=True):
    """How the login at a host went."""

    #: The line of ssh's complaint that tells the most; None when the login worked.
    error: str | None
    kind: LoginOutcome

    @classmethod
    def parse(cls, login: Record) -> Self:
        """Judge ssh's exit code and standard error."""
        if login.code == 0:
            return cls(error=None, kind=LoginOutcome.OK)
        lines = [line.strip() for line in login.err.splitlines()]
        lines = [line for line in lines if line and not _NOISE.match(line)]
        for pattern, kind in _KINDS:
            telling = [line for line in lines if re.search(pattern, line)]
            if telling:
                return cls(error=telling[-1], kind=kind)
        return cls(error=lines[-1] if lines else f"exit code {login.code}", kind=LoginOutcome.OTHER)
