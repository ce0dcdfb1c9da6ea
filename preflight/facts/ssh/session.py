"""The session in which a host's questions were answered: the user, and the address from which the login came."""

import re
from typing import Self

from preflight import grammar
from preflight.facts.fact import Fact, Record, Unreadable

_LINES = re.compile(r"user (.*)\nuid (\d{1,10})\nfrom (.*)\n")


class Session(Fact, frozen=True, kw_only=True):
    """A login, or a shell on this machine."""

    #: The user's name; None if the session does not name one.
    user: str | None
    #: True if the user is root, so that nothing had to be run by sudo.
    is_root: bool
    #: Address from which the login came, as the host sees it; None for this machine.
    client: str | None

    @classmethod
    def parse(cls, session: Record) -> Self:
        """Parse the session's own variables."""
        found = _LINES.fullmatch(session.required())
        if found is None:
            raise Unreadable("the host did not report who is logged in")
        user, uid, client = found.groups()
        return cls(
            user=user if grammar.LOGIN_USER.takes(user) else None,
            is_root=int(uid) == 0,
            client=client if grammar.is_address(client) else None,
        )
