"""A tunnelled migration cannot copy storage, but both were requested.

Why it matters
    Storage is copied alongside the memory, over a separate port, which a tunnelled migration does not have. virsh
    prints only "End of file while reading data: : Input/output error". libvirt 9.0 moves a guest that has nothing to
    copy; 7.0 and 11.3 refuse even that.

How to fix
    Omit --tunnelled, and encrypt the data with --tls instead.
"""

from preflight.facts import Versions
from preflight.facts.control import HUNG_UP
from preflight.facts.guest import Disk
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, on_source, rule, unless_live

#: The release that was seen to look at the guest's disks first, and the first later one of which that is not known.
LENIENT, STRICT_AGAIN = Version(9), Version(10)


@rule(Severity.ERROR, skip=unless_live)
def check(source_guest: Guest, source: Versions, migration: Migration) -> Findings:
    if not (migration.tunnelled and migration.copy_storage):
        return
    copied = [disk.target for disk in source_guest.disks if _is_copied(disk, migration)]
    if copied:
        yield on_source(f"a tunnelled migration cannot copy {', '.join(copied)}", error=HUNG_UP)
    elif not LENIENT <= source.libvirt < STRICT_AGAIN:
        yield on_source(
            f"libvirt {source.libvirt} refuses to copy storage in a tunnelled migration, even if there is none to copy",
            error=HUNG_UP,
        )


def _is_copied(disk: Disk, migration: Migration) -> bool:
    return migration.copies(disk.target, by_default=disk.copied_by_default)
