"""The CPU of a host, and the CPU features that its hypervisor can provide to guests."""

from preflight.facts.cpu.host import HostCpu
from preflight.facts.cpu.host_model import HostModel
from preflight.facts.cpu.hypervisor import HypervisorCpus

__all__ = [
    "HostCpu",
    "HostModel",
    "HypervisorCpus",
]
