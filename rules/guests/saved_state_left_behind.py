"""The guest is off with its memory saved, and the saved memory would not move with the guest.

Why it matters
    After virsh managedsave, a guest continues where it stopped when it is started. libvirt's offline migration prints
    no warning, moves only the definition, and leaves the saved memory in /var/lib/libvirt/qemu/save on the source: on
    the destination the guest boots from scratch, as after a power failure. preflight migrate refuses: "its saved state
    (virsh managedsave) would not move with it".

How to fix
    Start the guest, and move it while it runs or shut it down. If the saved memory is no longer wanted: virsh
    managedsave-remove.
"""

from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_offline


@rule(Severity.ERROR, skip=unless_offline)
def check(source_guest: Guest, migration: Migration) -> Findings:
    if source_guest.saved:
        yield on_source(
            f"{source_guest.name} would boot from scratch on the destination: its saved memory stays here",
            error="its saved state (virsh managedsave) would not move with it" if migration.as_they_are else None,
            severity=None if migration.as_they_are else Severity.WARNING,
        )
