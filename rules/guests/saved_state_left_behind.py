"""The guest is off and has a saved state, which an offline migration would leave on the source.

Why it matters
    A guest that virsh managedsave has stopped continues from its saved memory when it is next started. libvirt's
    offline migration prints no warning, moves only the definition, and leaves the saved memory in
    /var/lib/libvirt/qemu/save on the source: on the destination the guest boots from scratch, as after a power failure.
    preflight migrate refuses to move such a guest: "its saved state (virsh managedsave) would not move with it".

How to fix
    Start the guest, then migrate it while it runs, or shut it down and migrate it offline. If the saved memory is no
    longer wanted: virsh managedsave-remove.
"""

from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_offline


@rule(Severity.ERROR, guards_data=True, skip=unless_offline)
def check(source_guest: Guest, migration: Migration) -> Findings:
    if source_guest.saved:
        yield on_source(
            f"{source_guest.name} would boot from scratch on the destination: its saved memory stays here",
            error="its saved state (virsh managedsave) would not move with it" if migration.as_they_are else None,
            severity=None if migration.as_they_are else Severity.WARNING,
        )
