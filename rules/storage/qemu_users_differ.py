"""QEMU runs as different users on the two hosts, and both would own the guest's image on NFS.

Why it matters
    Before it starts QEMU, the destination's libvirt makes its QEMU's user the owner of the image. If the NFS server
    maps root to nobody (root_squash, the default), that has no effect, and QEMU fails: "Could not open
    '/srv/images/web.qcow2': Permission denied". If it does not, the image is taken away from the source's QEMU while
    the guest still runs there. Debian uses the user 64055, Fedora and RHEL 107. This was read in libvirt's source; the
    lab has no NFS server.

How to fix
    Set the same numeric user and group in both hosts' qemu.conf (user = "+107", group = "+107") and restart the daemon,
    or give the image a group that both users belong to.
"""

from preflight.facts import Pools, QemuUser, Storage
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_destination, rule, unless_live

_NFS = frozenset(("nfs", "nfs4"))


@rule(Severity.WARNING, skip=unless_live, errors=("Could not open '...': Permission denied",))
def check(
    guest: Guest,
    source: QemuUser,
    destination: QemuUser,
    destination_storage: Storage,
    destination_pools: Pools,
    migration: Migration,
) -> Findings:
    if source.uid == destination.uid or guest.devices.own_user or destination.dynamic_ownership is False:
        return
    for disk in guest.disks:
        if disk.readonly or disk.empty or migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        path = destination_pools.path(disk)
        place = destination_storage.look(path) if path else None
        if place is not None and place.exists and place.fs_type in _NFS:
            yield on_destination(
                f"{path}, the disk {disk.target}, is on NFS, and QEMU runs as the user {destination.uid} here and as "
                f"{source.uid} on the source"
            )
