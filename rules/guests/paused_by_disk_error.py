"""The guest is paused because of an error of its disk.

Why it matters
    A guest that QEMU paused after a failed read or write migrates in that state, and on the destination it must be
    resumed by hand. With --abort-on-error libvirt refuses: "cannot migrate domain with I/O error". The error itself,
    often a full file system, is likely to return.

How to fix
    Find the cause (virsh domblkerror), make room or repair the storage, and resume the guest: virsh resume.
"""

from preflight.facts.guest import GuestState
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_live

#: VIR_DOMAIN_PAUSED_IOERROR.
_DISK_ERROR = 5


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest, migration: Migration) -> Findings:
    if source_guest.state is GuestState.PAUSED and source_guest.reason == _DISK_ERROR:
        refuses = "abort-on-error" in migration.flags
        yield on_source(
            "QEMU has paused the guest because of an error of its disk",
            error="cannot migrate domain with I/O error" if refuses else None,
            severity=None if refuses else Severity.WARNING,
        )
