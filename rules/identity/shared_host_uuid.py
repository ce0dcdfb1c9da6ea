"""Both hosts report the same host UUID.

Why it matters
    libvirt mistakes the destination for the source and refuses: "Attempt to migrate guest to the same host". Mainboards
    of the same make, and cloned virtual hosts, can share a UUID.

How to fix
    Give one of the hosts a different host_uuid, or set host_uuid_source = "machine-id" if its machine ID is unique, in
    the libvirt daemon's configuration, and restart the daemon.
"""

from preflight.facts import HostIdentity
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR)
def check(source: HostIdentity, destination: HostIdentity) -> Findings:
    if source.uuid == destination.uuid and not source.is_same_daemon(destination):
        yield on_destination(
            f"the host UUID {destination.uuid} is the same as the source's",
            error=f"Attempt to migrate guest to the same host {destination.uuid}",
        )
