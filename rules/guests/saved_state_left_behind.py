"""The guest is off with its memory saved, and that would not move with it.

Why it matters
    After virsh managedsave a guest goes on where it was when it is started. libvirt's offline migration says nothing,
    moves the definition alone, and leaves the saved memory in the source's /var/lib/libvirt/qemu/save: on the
    destination the guest starts anew, as after a power cut. preflight migrate refuses: "its saved state (virsh
    managedsave) would not move with it".

How to fix
    Start the guest and move it while it runs, or shut it down. If its saved memory is not wanted any more:
    virsh managedsave-remove.
"""

from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_offline


@rule(Severity.ERROR, skip=unless_offline)
def check(source_guest: Guest, migration: Migration) -> Findings:
    if source_guest.saved:
        yield on_source(
            f"{source_guest.name} would start anew on the destination: its saved memory stays here",
            error="its saved state (virsh managedsave) would not move with it" if migration.as_they_are else None,
            severity=None if migration.as_they_are else Severity.WARNING,
        )
