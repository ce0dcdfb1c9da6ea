"""Guests as reported by their host's libvirt: XML, memory, CPU, devices, ports."""

from preflight.facts.guest.accounts import Accounts
from preflight.facts.guest.backing import GuestBacking
from preflight.facts.guest.cluster import Cluster
from preflight.facts.guest.command_line import own_devices
from preflight.facts.guest.cpu import X86, GuestCpu
from preflight.facts.guest.devices import OPEN_VSWITCH
from preflight.facts.guest.guests import KVM, Disk, Guests, GuestState, Server
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.guest.orchestrator import Orchestrator
from preflight.facts.guest.ports import GuestPorts
from preflight.facts.guest.qemu_files import QemuFiles, needed_files
from preflight.facts.guest.started_with import LIMITS_QUEUES, Start, StartedWith

__all__ = [
    "KVM",
    "LIMITS_QUEUES",
    "OPEN_VSWITCH",
    "X86",
    "Accounts",
    "Cluster",
    "Disk",
    "GuestBacking",
    "GuestCpu",
    "GuestMemory",
    "GuestPorts",
    "GuestState",
    "Guests",
    "Orchestrator",
    "QemuFiles",
    "Server",
    "Start",
    "StartedWith",
    "needed_files",
    "own_devices",
]
