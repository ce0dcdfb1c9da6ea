"""Effect of a host's packet filter on a new connection."""

from preflight.facts.firewall.firewall import Firewall, flows
from preflight.facts.firewall.packet import ACCEPTED, ACCEPTING, LEAVING, REFUSING
from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.recent import RecentLists

__all__ = [
    "ACCEPTED",
    "ACCEPTING",
    "LEAVING",
    "REFUSING",
    "Firewall",
    "Rate",
    "RecentLists",
    "flows",
]
