"""The guest listens at an address, or uses a path, that the destination does not have.

Why it matters
    Addresses of graphics and of serial ports, and paths of sockets, pipes, logs and images of ROMs are taken over as
    they are: "Failed to bind socket: Cannot assign requested address", "failed to initialize spice server", "Unable to
    bind to UNIX socket path '/srv/web.sock': No such file or directory", "failed to find romfile". What another program
    must do there, such as to accept connections, is not known here.

How to fix
    Let it listen at 0.0.0.0, at 127.0.0.1 or at the address of a libvirt network (`<listen type='network'>`), and make
    the directory on the destination. While the guest runs, both can be given anew for the move: virsh dumpxml
    --migratable, edit, virsh migrate --xml.
"""

from preflight.facts import HostsFile, OwnAddresses, Storage
from preflight.facts.names import listens_at
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

_ERRORS = {
    "unix": "Unable to bind to UNIX socket path '{}': No such file or directory",
    "file": "Unable to open file: {}: No such file or directory",
}


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        *(text.format("...") for text in _ERRORS.values()),
        "-vnc ...: Failed to bind socket: Cannot assign requested address",
        "-chardev ...: Failed to bind socket: Cannot assign requested address",
    ),
)
def check(
    guest: Guest, destination: Storage, destination_addresses: OwnAddresses, destination_hosts: HostsFile
) -> Findings:
    unknown = ""
    for listener in guest.devices.listeners:
        try:
            wanted = listens_at(listener.address, destination_hosts)
        except Unreadable as why:
            unknown = str(why)
            continue
        if wanted and not any(destination_addresses.has(address) for address in wanted):
            spice = listener.device == "SPICE"
            yield on_destination(
                f"its {listener.device} listens at {listener.address}, which is none of this host's addresses",
                error="failed to initialize spice server"
                if spice
                else "Failed to bind socket: Cannot assign requested address",
            )
    for used in guest.devices.paths:
        if not destination.look(used.needed).exists:
            if used.device == "filesystem":
                error = "cannot initialize fsdev"
            elif used.type == "script":
                error = f"cannot execute binary {used.path}: No such file or directory"
            elif used.device == "rng":
                error = f"Could not open '{used.path}': No such file or directory"
            elif used.type == "rom":
                error = f'failed to find romfile "{used.path}"'
            elif not used.made:
                error = f"unable to stat: {used.path}: No such file or directory"
            elif used.device == "VNC":
                error = f"Failed to bind socket to {used.path}: No such file or directory"
            else:
                error = _ERRORS[used.type].format(used.path)
            yield on_destination(f"{used.needed}, which its {used.device} needs, is not here", error=error)
    if unknown:
        raise Unreadable(unknown)
