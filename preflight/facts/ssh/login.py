"""The outcome of the ssh login to a host, and the kind of failure if there was one."""

import enum
import re
from typing import Self

from preflight.facts.fact import LIMIT_PROVES_NOTHING, Fact, Record

#: Start of ssh's error message if sshd closes the connection before the login, reported as either closed or reset.
TURNED_AWAY = "kex_exchange_identification"


class LoginOutcome(enum.StrEnum):
    """Outcome of a login."""

    OK = "ok"
    #: The host's name does not resolve.
    NAME = "name"
    #: Nothing listens on the port, or a firewall rejects the connection.
    REFUSED = "refused"
    #: ssh gave up waiting: the host is down, or a firewall drops the packets.
    TIMEOUT = "timeout"
    #: No answer within preflight's own time limit; see `unanswered`.
    UNANSWERED = "unanswered"
    #: No route to the host or its network.
    UNREACHABLE = "unreachable"
    #: The host key is unknown, or differs from the known one.
    HOST_KEY = "host-key"
    #: The host does not accept any of the keys.
    AUTH = "auth"
    #: The host closed the connection before a login could be tried: MaxStartups, a penalty, or TCP wrappers.
    LIMITS = "limits"
    #: Anything else; see `error`.
    OTHER = "other"


#: The first match decides: ssh's last line says little if a key has changed or the host closed the connection.
_KINDS: tuple[tuple[str, LoginOutcome], ...] = (
    # what "Host key verification failed", which follows them, does not say
    (
        r"^No .* host key is known for |^Certificate invalid: |host key for .* was revoked",
        LoginOutcome.HOST_KEY,
    ),
    (r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED", LoginOutcome.HOST_KEY),
    # of sshd, or of pam_unix, before sshd closes the connection
    (r"^(?:Your|User) account has expired\b", LoginOutcome.AUTH),
    (r"Could not resolve hostname", LoginOutcome.NAME),
    # a route or a rule of the type "prohibit" or "blackhole"
    (r"connect to host .* port \d+: (?:Permission denied|Invalid argument)", LoginOutcome.UNREACHABLE),
    (r"Permission denied|Too many authentication failures|no mutual signature", LoginOutcome.AUTH),
    (r"Connection refused", LoginOutcome.REFUSED),
    (r"No route to host|Network is unreachable", LoginOutcome.UNREACHABLE),
    (r"timed out|Operation timed out|timeout", LoginOutcome.TIMEOUT),
    (TURNED_AWAY + r"|ssh_exchange_identification|Not allowed at this time", LoginOutcome.LIMITS),
    (r"Connection (?:reset|closed) by|Exceeded MaxStartups", LoginOutcome.LIMITS),
)
#: Lines that say nothing about the cause of a failure: a debug line, a warning, the box around a changed host key.
_NOISE = re.compile(r"debug[123]: |Warning: |@+$|\*\* |Pseudo-terminal ")

#: Last line if preflight did not wait any longer; ssh's own limits have other words.
_OWN_LIMIT = re.compile(r"no answer within \S{1,20} s")


class Login(Fact, frozen=True, kw_only=True):
    """The login to a host."""

    #: The most informative line of ssh's error messages; None if the login worked, or its outcome is unknown.
    error: str | None
    kind: LoginOutcome
    #: Reason why the outcome is unknown, if no answer came within the time limit, otherwise None.
    unanswered: str | None = None

    @classmethod
    def parse(cls, login: Record) -> Self:
        """Evaluate ssh's exit code and standard error."""
        if login.code == 0:
            return cls(error=None, kind=LoginOutcome.OK)
        lines = [line.strip() for line in login.err.splitlines()]
        lines = [line for line in lines if line and not _NOISE.match(line)]
        if lines and _OWN_LIMIT.fullmatch(lines[-1]):
            return cls(error=None, kind=LoginOutcome.UNANSWERED, unanswered=f"{lines[-1]}; {LIMIT_PROVES_NOTHING}")
        for pattern, kind in _KINDS:
            telling = [line for line in lines if re.search(pattern, line)]
            if telling:
                return cls(error=telling[-1], kind=kind)
        return cls(error=lines[-1] if lines else f"exit code {login.code}", kind=LoginOutcome.OTHER)
