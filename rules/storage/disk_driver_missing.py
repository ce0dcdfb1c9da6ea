"""The destination's QEMU lacks the driver for a network disk.

Why it matters
    Distributions put QEMU's drivers for RADOS, iSCSI, SSH, HTTP and the like into separate packages, which the guest's
    definition does not show: "Unknown driver 'iscsi'", or "Unknown protocol 'iscsi'".

How to fix
    Install the driver on the destination: qemu-block-extra on Debian, qemu-kvm-block-rbd (-ssh, -curl…) on Fedora and
    related distributions.
"""

from preflight.facts import BlockDrivers, Storage
from preflight.facts.storage import MODULES
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "module block-block-... not found, do you want to install",
        "Unknown protocol '",
    ),
)
def check(guest: Guest, destination: BlockDrivers, destination_storage: Storage) -> Findings:
    emulator = guest.emulator
    for disk in guest.disks:
        for protocol in disk.protocols:
            if protocol not in MODULES or emulator is None or not destination_storage.look(emulator).exists:
                continue  # built in, or another rule reports that QEMU is missing
            module, _ = MODULES[protocol]
            if not destination.has(emulator, module):
                yield on_destination(
                    f"{emulator} has no block-{module}.so, required for {protocol} by the disk {disk.target}",
                    error=f"Unknown driver '{protocol}'",
                )
