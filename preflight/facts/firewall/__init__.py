"""Effect of a host's packet filter on a new connection."""

from preflight.facts.firewall.firewall import Firewall
from preflight.facts.firewall.rate import Rate

__all__ = [
    "Firewall",
    "Rate",
]
