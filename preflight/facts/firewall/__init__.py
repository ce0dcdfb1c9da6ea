"""Effect of a host's packet filter on a new connection."""

from preflight.facts.firewall.firewall import Firewall

__all__ = [
    "Firewall",
]
