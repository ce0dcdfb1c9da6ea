"""Addresses, links and sockets of a host, and libvirt's networks and network filters."""

from preflight.facts.network.accept_queue import AcceptQueue
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom
from preflight.facts.network.filters import NetworkFilters
from preflight.facts.network.link_speed import LinkSpeed
from preflight.facts.network.links import Links
from preflight.facts.network.listening import Listening
from preflight.facts.network.networks import Networks
from preflight.facts.network.open_connections import OpenConnections
from preflight.facts.network.rdma import Rdma
from preflight.facts.network.way import DisksWay, Forbidden, MemoryProbe, MemoryWay, Reached, Way

__all__ = [
    "AcceptQueue",
    "CameFrom",
    "DisksWay",
    "Forbidden",
    "LinkSpeed",
    "Links",
    "Listening",
    "MemoryProbe",
    "MemoryWay",
    "NetworkFilters",
    "Networks",
    "OpenConnections",
    "OwnAddresses",
    "Rdma",
    "Reached",
    "Way",
]
