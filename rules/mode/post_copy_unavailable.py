"""The destination's QEMU is not allowed to handle page faults itself, which post-copy requires.

Why it matters
    With --postcopy the destination's QEMU catches each access to memory that has not arrived yet (userfaultfd). The
    kernel allows that only to root, unless vm.unprivileged_userfaultfd is 1; QEMU 8.0 and later can use
    /dev/userfaultfd instead. Debian's QEMU runs as libvirt-qemu, and the migration fails before it begins: "unable to
    execute QEMU command 'migrate-set-capabilities': Postcopy is not supported".

How to fix
    On the destination: sysctl vm.unprivileged_userfaultfd=1, and the same line in a file in /etc/sysctl.d. Or migrate
    without --postcopy.
"""

from preflight.facts import QemuUser, Resources, Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, on_destination, rule, unless_live

_SETTING = "/proc/sys/vm/unprivileged_userfaultfd"
_DEVICE = "/dev/userfaultfd"
#: Since this release QEMU tries the device first (uffd_open in util/userfaultfd.c).
_OPENS_DEVICE = Version(8, 0, 0)


def _unless_postcopy(migration: Migration) -> str | None:
    return unless_live(migration) or (None if "postcopy" in migration.flags else "--postcopy was not requested")


@rule(Severity.ERROR, skip=_unless_postcopy)
def check(guest: Guest, destination: Resources, destination_user: QemuUser, destination_versions: Versions) -> Findings:
    if guest.devices.own_user:
        raise Unreadable("the guest's own label determines the user of its QEMU")
    if destination_user.uid == 0 or destination.values.get(_SETTING) == "1":
        return
    if destination_versions.qemu >= _OPENS_DEVICE and destination.has(_DEVICE):
        raise Unreadable(f"it is unknown whether QEMU's user {destination_user.uid} may open {_DEVICE}")
    yield on_destination(
        f"QEMU runs as the user {destination_user.uid}, which may not use userfaultfd (vm.unprivileged_userfaultfd)",
        error="unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported",
    )
