"""libvirt locks the guests' disks on only one of the hosts, or with different lock managers.

Why it matters
    lock_manager in qemu.conf keeps two hosts from starting guests on the same image. If one host has "lockd" and the
    other none, the guest migrates, and from then on nothing protects its disks. With "sanlock", libvirt compares both
    hosts: "Source host lock driver sanlock different from target nop".

How to fix
    Set the same lock_manager in /etc/libvirt/qemu.conf of both hosts, and restart the libvirt daemon.
"""

from preflight.facts import QemuConf
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.WARNING, guards_data=True)
def check(source: QemuConf, destination: QemuConf) -> Findings:
    mine, other = source.lock_manager, destination.lock_manager
    if mine.value != other.value:
        yield on_destination(
            f"the lock manager is {other.value or 'none'} on the destination and {mine.value or 'none'} on the source",
            at=other,
        )
