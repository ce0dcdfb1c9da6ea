"""The destination limits the open files or the processes of QEMU below what the guests need.

Why it matters
    With max_files in the destination's qemu.conf, each QEMU may have only that many files open, sockets and devices
    among them. With max_processes, or else LimitNPROC= of the daemon's unit, all processes and threads of QEMU's user
    count together, unless that is root. A QEMU that meets the limit ends while it starts: "Could not access KVM kernel
    module: Too many open files", "kvm_init_vcpu: kvm_get_vcpu failed (3): Too many open files", "cannot execute binary
    /usr/bin/qemu-system-x86_64: Resource temporarily unavailable".

    What a guest needs is taken from its QEMU on the source. The number of open files changes a little while a guest
    runs, so the result is unknown if it is only just too high.

How to fix
    Raise or remove max_files and max_processes in the destination's /etc/libvirt/qemu.conf, or LimitNPROC= of the
    daemon's unit, and restart the libvirt daemon.
"""

from collections.abc import Iterator

from preflight.facts import QemuLimits, QemuTasks, QemuUsage
from preflight.host import Guest, Judged
from preflight.rule import Finding, Findings, Severity, Unreadable, on_destination, rule, unless_live

#: libvirt allows one file more than max_files (virCommandSetMaxFiles; seen in /proc/PID/limits).
_MORE = 1
#: Files by which the number of an idle guest was seen to change.
_VARIES = 4


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Could not access KVM kernel module: Too many open files",
        "kvm_init_vcpu: kvm_get_vcpu failed (...): Too many open files",
        "cannot execute binary ...: Resource temporarily unavailable",
    ),
)
def check(destination: QemuLimits, destination_tasks: QemuTasks, source: QemuUsage, guests: Judged) -> Findings:
    active = [guest for guest in guests.all if guest.running]
    if active and destination.files is not None:
        yield from _files(destination, source, active)
    if active and destination.processes is not None:
        yield from _processes(destination, destination_tasks, source, active)


def _files(limits: QemuLimits, usage: QemuUsage, active: list[Guest]) -> Iterator[Finding]:
    assert limits.files is not None
    for guest in active:
        opened, _ = usage.of(guest.name)
        lacking = opened - limits.files.value - _MORE
        if 0 < lacking <= _VARIES:
            raise Unreadable(f"max_files is {limits.files}, and the QEMU of {guest.name} has {opened} files open")
        if lacking > 0:
            yield on_destination(
                f"max_files is {limits.files}, but the QEMU of {guest.name} has {opened} files open",
                at=limits.files,
                error="Too many open files",
            )


def _processes(limits: QemuLimits, tasks: QemuTasks, usage: QemuUsage, active: list[Guest]) -> Iterator[Finding]:
    assert limits.processes is not None
    if tasks.count is None:
        raise Unreadable(f"it is unknown how many processes QEMU's user {limits.uid} has: {tasks.unknown}")
    needed = sum(usage.of(guest.name)[1] for guest in active)
    if tasks.count + needed > limits.processes.value:
        yield on_destination(
            f"{limits.setting} is {limits.processes}: QEMU's user {limits.uid} has {tasks.count} processes and threads"
            f" there, and the guests bring {needed}",
            at=limits.processes,
            error="Resource temporarily unavailable",
        )
