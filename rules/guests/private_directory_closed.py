"""The directory of guests' own files is closed to the destination's QEMU user.

Why it matters
    For each guest libvirt makes a directory in /var/lib/libvirt/qemu, with the key that QEMU reads and the socket of
    its monitor. If that directory, or one above it, is closed to QEMU's user, as after a restore that made root its
    owner, no guest can be started: "Unable to read /var/lib/libvirt/qemu/domain-1-web/master-key.aes: ... Permission
    denied".

How to fix
    Restart the libvirt daemon, which makes QEMU's user the owner of /var/lib/libvirt/qemu again, or chown it; for a
    directory above it: chmod o+x.
"""

from preflight.facts import QemuUser
from preflight.facts.daemon import PRIVATE
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("Unable to read ...: Failed to open file ...: Permission denied",),
)
def check(guest: Guest, destination: QemuUser) -> Findings:
    if destination.uid == 0 or guest.devices.own_user:
        return
    barring = destination.barred_from(f"{PRIVATE}/{guest.name}")
    if barring is not None:
        yield on_destination(
            f"QEMU's user on this host (UID {destination.uid}) is not allowed to pass through {barring}",
            error="/master-key.aes: Failed to open file ",
        )
