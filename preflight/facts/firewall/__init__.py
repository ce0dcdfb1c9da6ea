"""What a host's packet filter does with a new connection."""

from preflight.facts.firewall.firewall import Firewall

__all__ = [
    "Firewall",
]
