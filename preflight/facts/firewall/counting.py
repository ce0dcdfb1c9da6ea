"""Parts of one host that rates depend on: its rules, addresses, what is used up, and preflight's login."""

from typing import Self

from preflight.facts.fact import Fact, Unreadable
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.firewall.used_up import UsedUp
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom

_NONE = Firewall(tables=(), names=frozenset(), interfaces=(), gives_marks=False, is_complete=True)


class CountingFirewall(Fact, frozen=True, kw_only=True):
    """Rules that may count connections, and what is used up now."""

    #: Without rules if they are unknown.
    firewall: Firewall
    #: Why they are unknown, or None.
    unknown: str | None
    own: OwnAddresses
    used_up: UsedUp
    login: CameFrom

    @classmethod
    def parse(
        cls,
        firewall: Firewall | Unreadable,
        own: OwnAddresses,
        used_up: UsedUp,
        login: CameFrom | Unreadable,
    ) -> Self:
        """Take the parts; a rate is known without what is used up of it, and both without the host's login."""
        return cls(
            firewall=_NONE if isinstance(firewall, Unreadable) else firewall,
            unknown=str(firewall) if isinstance(firewall, Unreadable) else None,
            own=own,
            used_up=used_up,
            login=CameFrom() if isinstance(login, Unreadable) else login,
        )
