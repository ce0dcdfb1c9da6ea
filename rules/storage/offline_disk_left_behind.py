"""A file that the guest starts with stays behind when the guest is moved by its definition.

Why it matters
    libvirt's offline migration copies the definition, looks at no disk, and reports success. Where the destination
    lacks a file, the guest can no longer be started: "Cannot access storage file '/srv/images/web.qcow2'". Where the
    file lies on storage of the source's own, one of that path on the destination is another: the guest starts with an
    old or foreign disk.

How to fix
    Put the disks on storage that both hosts have, or copy them before the guest is started on the destination. The
    variables of its firmware (NVRAM) preflight migrate takes along, virsh migrate does not.
"""

from preflight.facts import Pools, Storage
from preflight.facts.record import Unreadable
from preflight.host import Guest
from preflight.migration import unless_offline
from preflight.rule import Findings, Severity, on_destination, on_source, rule


@rule(Severity.WARNING, skip=unless_offline)
def check(
    guest: Guest,
    source_guest: Guest,
    source: Storage,
    destination: Storage,
    source_pools: Pools,
    destination_pools: Pools,
) -> Findings:
    unknown: Unreadable | None = None
    here = {disk.target: disk for disk in source_guest.disks}
    for disk in guest.disks:
        if disk.empty or disk.left_out_if_missing:
            continue
        try:
            there = destination_pools.path(disk)
            if there is not None and not destination.look(there).exists:
                yield on_destination(f"{there}, the disk {disk.target}, is not here: the guest would not start")
                continue
            own = source_pools.path(here.get(disk.target, disk))
            place = source.look(own) if own and not disk.readonly else None
            if place is not None and place.kind == "file" and not place.shared:
                yield on_source(
                    f"{own}, the disk {disk.target}, is on {place.fs_type} ({place.fs_source}), which is not shared:"
                    " what the destination has there is another"
                )
        except Unreadable as why:
            unknown = why
    nvram = guest.devices.nvram
    if nvram is not None and not destination.look(nvram).exists:
        yield on_destination(
            f"{nvram}, the variables of its firmware, is not here: preflight migrate takes it along, virsh does not",
            severity=Severity.INFO,
        )
    if unknown is not None:
        raise unknown
