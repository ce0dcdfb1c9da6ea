"""The CPU of a host, and what its hypervisor can give to guests."""

from preflight.facts.cpu.host import HostCpu
from preflight.facts.cpu.hypervisor import HypervisorCpus

__all__ = [
    "HostCpu",
    "HypervisorCpus",
]
