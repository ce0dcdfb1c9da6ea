"""The guest has more memory than is available on the destination.

Why it matters
    Linux overcommits memory, so the migration starts and usually succeeds. As the pages arrive, the destination swaps,
    which slows down every guest there, or its kernel kills a process to free memory: often the QEMU that receives the
    guest, which ends the migration, or another guest's QEMU.

How to fix
    Free memory on the destination, move other guests away from it, or reduce the guest's memory before the migration
    (virsh setmem guest --live).
"""

from preflight.facts import HostMemory
from preflight.facts.guest import GuestBacking
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(guest: Guest, destination: HostMemory) -> Findings:
    backing = GuestBacking.of(guest)
    if backing.huge or backing.in_files:
        return  # huge pages are reserved and counted separately; a file's pages can be written back to it
    there = destination.told()
    if there.available_kib is None:
        raise Unreadable("the destination's kernel does not report how much memory is available")
    if guest.current_memory_kib > there.available_kib + there.swap_free_kib:
        yield on_destination(
            f"the guest has {_mib(guest.current_memory_kib)} MiB of memory, but only {_mib(there.available_kib)} MiB "
            f"and {_mib(there.swap_free_kib)} MiB of swap are available here"
        )


def _mib(kib: int) -> int:
    return kib // 1024
