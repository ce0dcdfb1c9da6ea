"""Memory of a host, and how much of it its guests hold."""

from preflight.facts.memory.host import HostMemory, HugeMount, HugePages
from preflight.facts.memory.resident import Resident

__all__ = [
    "HostMemory",
    "HugeMount",
    "HugePages",
    "Resident",
]
