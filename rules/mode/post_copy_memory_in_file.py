"""The guest's memory would be in a file from which post-copy cannot work.

Why it matters
    With --postcopy the destination's QEMU catches each access to memory that has not arrived yet. It refuses if the
    guest's memory is in a file of an ordinary file system: "Host backend files need to be TMPFS or HUGETLBFS only".
    memory_backing_dir in the destination's qemu.conf decides where the file is, for guests with <memoryBacking><source
    type='file'/>. QEMU 7.2 was seen to migrate such a guest.

How to fix
    Set memory_backing_dir on the destination to a directory on a tmpfs with room for the guest, such as
    /dev/shm/libvirt, and restart the libvirt daemon. Or migrate without --postcopy.
"""

from preflight.facts import GuestBacking, GuestSettings, Storage, Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_destination, rule, unless_live

#: File systems that QEMU allows (test_ramblock_postcopiable in migration/postcopy-ram.c, 10.0).
_ALLOWED = ("tmpfs", "hugetlbfs")
#: A release that was seen not to look, and one that looks.
_DOES_NOT_LOOK, _LOOKS = Version(7, 3), Version(10, 0)
_ERROR = (
    "unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: "
    "Host backend files need to be TMPFS or HUGETLBFS only"
)


def _unless_postcopy(migration: Migration) -> str | None:
    return unless_live(migration) or (None if "postcopy" in migration.flags else "--postcopy was not requested")


@rule(Severity.ERROR, skip=_unless_postcopy, errors=(_ERROR,))
def check(
    guest: Guest, destination: GuestSettings, destination_storage: Storage, destination_qemu: Versions
) -> Findings:
    if not GuestBacking.of(guest).in_files or destination_qemu.qemu < _DOES_NOT_LOOK:
        return
    directory = destination.text("memory_backing_dir")
    kind = destination_storage.look(directory.value).fs_type
    if kind in _ALLOWED:
        return
    if destination_qemu.qemu < _LOOKS:
        raise Unreadable(f"it is unknown whether QEMU {destination_qemu.qemu} allows post-copy from a file on {kind}")
    yield on_destination(
        f"{directory}, in which the guest's memory will be, is on {kind}, from which post-copy cannot work",
        at=directory.at,
        error=_ERROR,
    )
