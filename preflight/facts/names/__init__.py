"""Name resolution on a host: /etc/hosts, the resolver, and the announced name."""

from preflight.facts.names.disks_name import DisksName
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.names.listen_address import ANY, listens_at
from preflight.facts.names.name_service import NameService
from preflight.facts.names.peer_name import PeerName

__all__ = [
    "ANY",
    "DisksName",
    "HostsFile",
    "NameService",
    "PeerName",
    "listens_at",
]
