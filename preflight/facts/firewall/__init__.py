"""Effect of a host's packet filter on a new connection."""

from preflight.facts.firewall.both_ends import BothEnds, Stop
from preflight.facts.firewall.buckets import Buckets
from preflight.facts.firewall.counting import CountingFirewall
from preflight.facts.firewall.demand import Demand, Direction
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.recent import RecentLists
from preflight.facts.firewall.traffic import Traffic
from preflight.facts.firewall.used_up import UsedUp

__all__ = [
    "BothEnds",
    "Buckets",
    "CountingFirewall",
    "Demand",
    "Direction",
    "Firewall",
    "Rate",
    "RecentLists",
    "Stop",
    "Traffic",
    "UsedUp",
]
