"""libvirt has snapshots of the guest.

Why it matters
    A guest with snapshots cannot be moved, whether it is running or off: "cannot migrate domain with 1 snapshots".

How to fix
    Delete them: virsh snapshot-list web, then virsh snapshot-delete web NAME. To move the guest and keep its snapshots,
    save each with snapshot-dumpxml, remove it from libvirt with snapshot-delete --metadata, and after the migration
    register it on the destination with snapshot-create --redefine; the snapshot's data must be on storage that both
    hosts have.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR)
def check(guest: Guest) -> Findings:
    if guest.snapshots:
        many = "1 snapshot" if guest.snapshots == 1 else f"{guest.snapshots} snapshots"
        yield on_source(f"{guest.name} has {many}", error=f"cannot migrate domain with {guest.snapshots} snapshots")
