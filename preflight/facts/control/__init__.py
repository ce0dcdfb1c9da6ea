"""The connection that controls a migration: its client, and the outcome of opening it."""

from preflight.facts.control.by_preflight import HUNG_UP, LibvirtConnection
from preflight.facts.control.by_source import NO_REASON, NO_SESSION, PeerConnection
from preflight.facts.control.connection import (
    CANNOT_CONNECT,
    ControlConnection,
    ManagedConnection,
    SourcesConnection,
    log_in_by_sasl,
)
from preflight.facts.control.remote_helper import RemoteHelper

__all__ = [
    "CANNOT_CONNECT",
    "HUNG_UP",
    "NO_REASON",
    "NO_SESSION",
    "ControlConnection",
    "LibvirtConnection",
    "ManagedConnection",
    "PeerConnection",
    "RemoteHelper",
    "SourcesConnection",
    "log_in_by_sasl",
]
