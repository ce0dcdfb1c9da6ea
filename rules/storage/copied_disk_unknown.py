"""A disk that --migrate-disks or a similar option names does not exist, or cannot be copied.

Why it matters
    libvirt looks for each disk in --migrate-disks among the guest's disks before it sends anything: "disk target vdz
    not found". If several guests are migrated, each must have all the named disks. The name is the target of the disk
    in the guest's definition, such as vda. Nothing can be copied into a read-only disk or an empty drive: "Cannot
    migrate empty or read-only disk hdc".

How to fix
    Name disks as virsh domblklist shows them under "Target", or omit --migrate-disks to copy every disk that can be
    copied. Migrate guests with different disks one by one.
"""

from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_live


def _unless_named(migration: Migration) -> str | None:
    return unless_live(migration) or (
        None if migration.copy_storage and migration.method.disk_lists else "no disks are named"
    )


@rule(Severity.ERROR, skip=_unless_named)
def check(source_guest: Guest, migration: Migration) -> Findings:
    own = {disk.target: disk for disk in source_guest.disks}
    for option, targets in migration.method.disk_lists:
        for target in targets:
            if target not in own:  # qemuMigrationSrcBeginPhase, libvirt 9.0
                has = f"has {', '.join(own)}" if own else "has no disk"
                yield on_source(
                    f"{option} names {target}, but the guest {has}", error=f"disk target {target} not found"
                )
            elif own[target].readonly or own[target].empty:  # qemuMigrationDstStartNBDServer, libvirt 9.0
                kind = "an empty drive" if own[target].empty else "read-only"
                yield on_source(
                    f"{option} names {target}, which is {kind}",
                    error=f"Cannot migrate empty or read-only disk {target}",
                )
