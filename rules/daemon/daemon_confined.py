"""The unit of the destination's libvirt daemon denies it something that it needs to start guests.

Why it matters
    A guest is started by the daemon, and its QEMU inherits the daemon's filters of system calls. If the unit takes a
    capability away (CapabilityBoundingSet=), or denies system calls (SystemCallFilter=), the daemon runs, but no guest
    starts, among them those that migrate: "Unable to set XATTR trusted.libvirt.security.dac on
    /var/lib/libvirt/qemu/domain-1-web/master-key.aes: Operation not permitted", "Cannot create directory
    '/var/lib/libvirt/qemu/domain-1-web': Permission denied", "cannot apply process capabilities", "Unable to create
    device /dev/urandom: Operation not permitted", "Unable to enter mount namespace: Operation not permitted", "Kernel
    does not provide mount namespace: Permission denied", "Process exited prior to exec". With MemoryDenyWriteExecute=,
    QEMU cannot translate code, as it must without KVM: "qemu_mprotect__osdep".

    Which system calls QEMU itself needs depends on the guest, so that any other filter is a warning.

How to fix
    Remove the setting from the daemon's unit (systemctl cat libvirtd.service), and restart the daemon.
"""

from collections.abc import Iterator

from preflight.facts import Confinement, GuestSettings, QemuUser
from preflight.host import Judged
from preflight.rule import Finding, Findings, Severity, on_destination, rule, unless_live

#: libvirt's error for want of each capability, where QEMU has a user of its own (seen with libvirt 9.0).
FOR_OTHER_USERS = {
    "CAP_DAC_OVERRIDE": "Cannot create directory '/var/lib/libvirt/qemu/domain-",
    "CAP_SETGID": "cannot apply process capabilities",
    "CAP_SETUID": "cannot apply process capabilities",
    "CAP_SETPCAP": "cannot apply process capabilities",
}
#: Likewise, where libvirt remembers the owner of each file.
FOR_OWNERS = {"CAP_SYS_ADMIN": "Unable to set XATTR trusted.libvirt.security.dac on "}
#: Likewise, where each QEMU has mounts of its own.
FOR_NAMESPACES = {
    "CAP_MKNOD": "Unable to create device /dev/",
    "CAP_SYS_CHROOT": "Unable to enter mount namespace: Operation not permitted",
    "CAP_SYS_PTRACE": "Kernel does not provide mount namespace: Permission denied",
    "CAP_SYS_ADMIN": "Operation not permitted",
}
FOR_TAPS = {"CAP_NET_ADMIN": "Unable to create tap device "}
#: The types of interfaces for which libvirt makes a tap device.
WITH_TAP = frozenset(("bridge", "network", "direct", "ethernet"))
#: The system calls with which libvirt gives QEMU mounts of its own.
MOUNTING = ("mount", "umount2")


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Unable to set XATTR trusted.libvirt.security.dac on ...: Operation not permitted",
        "Cannot create directory '...': Permission denied",
        "cannot apply process capabilities",
        "Unable to create device ...: Operation not permitted",
        "Unable to enter mount namespace: Operation not permitted",
        "Kernel does not provide mount namespace: Permission denied",
        "Unable to create tap device ...: Operation not permitted",
        "Process exited prior to exec",
        "-accel tcg: qemu_mprotect__osdep: mprotect failed: Permission denied",
    ),
)
def check(
    destination: Confinement,
    destination_user: QemuUser,
    destination_settings: GuestSettings,
    guests: Judged,
) -> Findings:
    if not destination.lacks and not destination.filtered:
        return
    namespaces = _has_namespaces(destination_settings)
    needed = {
        **(FOR_TAPS if _needs_taps(guests) else {}),
        **(FOR_NAMESPACES if namespaces else {}),
        **(FOR_OWNERS if destination_settings.flag("remember_owner").value else {}),
        **(FOR_OTHER_USERS if destination_user.uid else {}),
    }
    for capability in destination.lacks:
        if capability in needed:
            yield on_destination(f"{_unit(destination)} takes {capability} away from it", error=needed[capability])
    yield from _of_filters(destination, guests, namespaces=namespaces)


def _of_filters(destination: Confinement, guests: Judged, *, namespaces: bool) -> Iterator[Finding]:
    denied = [call for call in MOUNTING if destination.denies(call)]
    if denied and namespaces:
        yield on_destination(
            f"SystemCallFilter= of {_unit(destination)} denies {' and '.join(denied)}",
            error="Process exited prior to exec",
        )
    elif destination.unit.get("SystemCallFilter"):
        yield on_destination(
            f"SystemCallFilter= of {_unit(destination)} applies to each guest's QEMU too", severity=Severity.WARNING
        )
    translated = [guest.name for guest in guests.all if guest.running and guest.virt_type == "qemu"]
    if translated and destination.unit.get("MemoryDenyWriteExecute") == "yes":
        yield on_destination(
            f"MemoryDenyWriteExecute= of {_unit(destination)} keeps {', '.join(translated)}, without KVM, from running",
            error="qemu_mprotect__osdep",
        )


def _has_namespaces(settings: GuestSettings) -> bool:
    """Report whether each QEMU has mounts of its own, as by default; a kernel without them is not of this age."""
    return "namespaces" not in settings.written or "mount" in settings.texts("namespaces").value


def _needs_taps(guests: Judged) -> bool:
    return any(
        one.type in WITH_TAP and one.tap is None
        for guest in guests.all
        if guest.running
        for one in guest.devices.interfaces
    )


def _unit(destination: Confinement) -> str:
    return f"the unit of {destination.daemon or 'the libvirt daemon'}"
