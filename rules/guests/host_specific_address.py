"""The guest listens on an address, or uses a path, that the destination does not have.

Why it matters
    The addresses of graphics and serial ports, and the paths of sockets, pipes, logs, ROM images and NVDIMMs, are used
    unchanged on the destination: "Failed to bind socket: Cannot assign requested address", "failed to initialize spice
    server", "Unable to bind to UNIX socket path '/srv/web.sock': No such file or directory", "failed to find romfile",
    "unable to stat: /srv/nvdimm/web: No such file or directory". So are shared directories, the virtiofsd that libvirt
    found on the source ("cannot execute binary /usr/libexec/virtiofsd: No such file or directory"), and the sockets of
    vhost-user back ends ("Failed to connect to '/run/openvswitch/vhost1': No such file or directory"). This rule does
    not check whether the program at the other end of a socket or pipe is running there.

How to fix
    If an address is missing, let the guest listen on 0.0.0.0, on 127.0.0.1 or on the address of a libvirt network
    (`<listen type='network'>`), or correct vnc_listen or spice_listen in the destination's qemu.conf, which apply to
    displays without an address of their own unless vnc_auto_unix_socket or spice_auto_unix_socket is set. If a path is
    missing, create its directory or the file on the destination. For a running guest, either can be changed for the
    migration: edit the output of virsh dumpxml --migratable, and give the result to virsh migrate --xml.
"""

from preflight.facts import GuestSettings, HostsFile, OwnAddresses, Storage
from preflight.facts.daemon import displays
from preflight.facts.names import listens_at
from preflight.facts.text import Located
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: Errors about shared directories: of 9p, and of virtiofs, whose server libvirt starts itself.
_OF_FILE_SYSTEMS = {
    "dir": "cannot initialize fsdev",
    "export": "the virtiofs export directory '{}' does not exist",
    "program": "cannot execute binary {}: No such file or directory",
}
#: Devices whose back end is a program that listens on a socket.
_BACK_ENDS = ("filesystem", "interface", "disk")
_ERRORS = {
    "unix": "Unable to bind to UNIX socket path '{}': No such file or directory",
    "file": "Unable to open file: {}: No such file or directory",
}


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        *(text.format("...") for text in (*_ERRORS.values(), *_OF_FILE_SYSTEMS.values())),
        "-vnc ...: Failed to bind socket: Cannot assign requested address",
        "-chardev ...: Failed to bind socket: Cannot assign requested address",
        "-netdev ...: can't bind ip=... to socket: Cannot assign requested address",
        "process exited while connecting to monitor: qemu-system-x86_64:/...: No such file or directory",
        "can't open file ...: No such file or directory",
    ),
)
def check(
    guest: Guest,
    destination: Storage,
    destination_addresses: OwnAddresses,
    destination_hosts: HostsFile,
    destination_settings: GuestSettings,
) -> Findings:
    unknown = ""
    listeners = [(one.device, Located(one.address)) for one in guest.devices.listeners]
    filled_in = ((one.device, one.filled_in) for one in displays(guest.xml, destination_settings))
    listeners += ((device, address) for device, address in filled_in if address is not None and address.at)
    for device, listener in listeners:
        try:
            wanted = listens_at(listener.value, destination_hosts)
        except Unreadable as why:
            unknown = str(why)
            continue
        if wanted and not any(destination_addresses.has(address) for address in wanted):
            if device == "SPICE":
                error = "failed to initialize spice server"
            elif device.startswith("interface"):
                error = f"can't bind ip={listener} to socket: Cannot assign requested address"
            else:
                error = "Failed to bind socket: Cannot assign requested address"
            yield on_destination(
                f"the guest listens on {listener} ({device}), which is not an address of this host",
                at=listener.at,
                error=error,
            )
    for used in guest.devices.paths:
        if not destination.look(used.needed).exists:
            if used.type in _OF_FILE_SYSTEMS:
                error = _OF_FILE_SYSTEMS[used.type].format(used.path)
            elif used.device in _BACK_ENDS and used.type == "unix" and not used.made:
                error = f"Failed to connect to '{used.path}'"
            elif used.type == "script":
                error = f"cannot execute binary {used.path}: No such file or directory"
            elif used.device == "vdpa":
                error = f"Unable to open '{used.path}' for vdpa device"
            elif used.device in ("rng", "input"):
                error = f"Could not open '{used.path}': No such file or directory"
            elif used.device == "the argument -device":
                error = "no such host device"
            elif used.device == "the argument -fw_cfg":
                error = f"can't load {used.path}: Failed to open file"
            elif used.device == "the argument -chardev" and used.made:
                error = f"Failed to bind socket to {used.path}: No such file or directory"
            elif used.type == "argument":
                error = "No such file or directory"
            elif used.type == "rom":
                error = f'failed to find romfile "{used.path}"'
            elif not used.made:
                error = f"unable to stat: {used.path}: No such file or directory"
            elif used.device == "VNC":
                error = f"Failed to bind socket to {used.path}: No such file or directory"
            else:
                error = _ERRORS[used.type].format(used.path)
            yield on_destination(
                f"{used.needed}, which the guest needs ({used.device}), does not exist here", error=error
            )
    if unknown:
        raise Unreadable(unknown)
