"""Memory of a host, and the amount that its guests use."""

from preflight.facts.memory.host import HostMemory, HugeMount, HugePages
from preflight.facts.memory.resident import Resident

__all__ = [
    "HostMemory",
    "HugeMount",
    "HugePages",
    "Resident",
]
