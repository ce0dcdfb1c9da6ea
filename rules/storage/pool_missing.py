"""A storage pool with a volume of the guest does not exist on the destination, or is not active there.

Why it matters
    The guest's disk names the pool and the volume, and libvirt does not start pools by itself: "Storage pool not found:
    no storage pool with matching name 'vms'" or "storage pool 'vms' containing volume 'web.qcow2' is not active".

How to fix
    Define the pool on the destination under the same name (virsh pool-dumpxml on the source, virsh pool-define on the
    destination) on storage that both hosts have, and start it: virsh pool-start vms; virsh pool-autostart vms.
"""

from preflight.facts import Pools
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Pools) -> Findings:
    for name, volume in dict.fromkeys((disk.pool, disk.volume) for disk in guest.disks if not disk.left_out_if_missing):
        if name is None:
            continue
        pool = destination.by_name(name)
        if pool is None:
            yield on_destination(
                f"the storage pool {name} does not exist",
                error=f"Storage pool not found: no storage pool with matching name '{name}'",
            )
        elif not pool.active:
            yield on_destination(
                f"the storage pool {name} is not active",
                error=f"storage pool '{name}' containing volume '{volume}' is not active",
                fix=f"on the destination: virsh pool-start {name}",
            )
