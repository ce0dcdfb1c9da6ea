"""Puts a guest on a host: its disk where the host reaches it, its definition, its first instruction."""

import re
import subprocess
import time
from typing import Protocol

from . import counter
from .guest import Guest, file_disk, network_disk, serve_image, share_image
from .instance import Instance
from .machine import LabError

RESIDENT = r"""
pid=$(cat "/run/libvirt/qemu/$1.pid") || exit
awk -v size="$2" '$1 == "Size:" { its = $2 } $1 == "Rss:" && its == size { print $2 }' "/proc/$pid/smaps"
"""
"""Prints how many KiB are resident of a QEMU process's mapping of just so many KiB: the guest's memory."""

BOOT_TIMEOUT = 240.0
"""Seconds until a guest has read its disk: half a second, or four where KVM has to emulate its firmware; and many times
that where other labs have the processors."""


class Run(Protocol):
    """Runs a command on the host; a failure raises LabError."""

    def __call__(self, *argv: str, input: str | None = None) -> "subprocess.CompletedProcess[str]":  # noqa: A002 # subprocess.run calls it so
        """Run `argv` with `input` as its standard input."""


def place(run: Run, instance: Instance, guest: Guest, kind: str, *, running: bool, persistent: bool) -> None:
    """Make `guest` on the host that `run` runs on; `kind` is "kvm" or "qemu"."""
    if not running and not persistent:
        raise LabError("a guest that neither runs nor is defined does not exist")
    definition = guest.xml(kind, _disk(run, instance, guest))
    if persistent:
        run("virsh", "define", "/dev/stdin", input=definition)
        if running:
            run("virsh", "start", guest.name)
    else:
        run("virsh", "create", "/dev/stdin", input=definition)
    if running and guest.runs:
        _wait_for_boot_sector(run, guest.name)
    if running and guest.fill:
        _wait_until_filled(run, guest)


def _disk(run: Run, instance: Instance, guest: Guest) -> str:
    """Make the guest's disk where the host reaches it; gives its <disk>."""
    if guest.disk == "none":
        if guest.runs:
            raise LabError("a guest without a disk runs nothing that could dirty memory")
        return ""
    if guest.disk == "nbd":
        return network_disk(serve_image(instance, guest))
    if guest.disk == "counter":
        return counter.disk(instance, guest)
    shared = share_image(instance, guest)
    if guest.disk == "readonly":
        return file_disk(shared, readonly=True)
    local = f"/var/lib/libvirt/images/{guest.name}.img"
    run("cp", "--", shared, local)
    return file_disk(local, readonly=False)


def _wait_for_boot_sector(run: Run, name: str) -> None:
    """Wait until the firmware has read the disk: before that it dirties what it likes."""
    deadline = time.monotonic() + BOOT_TIMEOUT
    while not re.search(r"block\.0\.rd\.reqs=[1-9]", run("virsh", "domstats", name, "--block").stdout):
        if time.monotonic() > deadline:
            raise LabError(f"guest {name} has not read its boot sector in {BOOT_TIMEOUT:g} s")
        time.sleep(0.1)


def _wait_until_filled(run: Run, guest: Guest) -> None:
    """Wait until the guest has written to all of its memory, so that a migration has all of it to send."""
    size = guest.memory_mib * 1024
    deadline = time.monotonic() + BOOT_TIMEOUT
    while max(map(int, run("sh", "-c", RESIDENT, "sh", guest.name, str(size)).stdout.split())) < size - 4096:
        if time.monotonic() > deadline:
            raise LabError(f"guest {guest.name} has not written to its memory in {BOOT_TIMEOUT:g} s")
        time.sleep(0.1)
