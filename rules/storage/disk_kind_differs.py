"""The path of a guest's disk leads to the wrong kind of file on the destination.

Why it matters
    QEMU opens an image file only if it is a regular file: "'file' driver requires '/srv/images/web.qcow2' to be a
    regular file" appears if the path is a directory, a device or a pipe; before QEMU 6.0 a device was accepted. A block
    device must be a device: "'host_device' driver requires '/dev/vg/web' to be either a character or block device".

How to fix
    Put the image, or the device, at the path that the guest's definition names; or shut the guest down and change the
    disk's type.
"""

from preflight.facts import Pools, Storage, Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: The QEMU release since which a device is not accepted as a file, and the messages name the path.
STRICT = Version(6, 0, 0)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Storage, destination_pools: Pools, destination_versions: Versions) -> Findings:
    strict = destination_versions.qemu >= STRICT
    files = ("file",) if strict else ("file", "block", "character")
    for disk in guest.disks:
        if disk.type not in ("file", "block"):
            continue
        path = destination_pools.path(disk)
        place = destination.look(path) if path else None
        if place is None or place.kind is None:
            continue
        if disk.type == "file" and place.kind not in files:
            yield on_destination(
                f"{path}, the image of the disk {disk.target}, is a {place.kind} on the destination, not a file",
                error=f"'{path}' to be a regular file"
                if strict
                else "A regular file was expected by the 'file' driver",
            )
        elif disk.type == "block" and place.kind not in ("block", "character"):
            yield on_destination(
                f"{path}, the device of the disk {disk.target}, is a {place.kind} on the destination, not a device",
                error="either a character or block device",
            )
