"""The guest has more memory than the destination has left.

Why it matters
    Linux gives a program memory before it has any, so the migration starts and mostly ends well. As the pages arrive
    the destination swaps, which slows every guest there, or its kernel kills a program to make room: often the very
    QEMU that receives, which ends the migration, or another guest.

How to fix
    Free memory on the destination, move other guests away from it, or take memory from the guest before it is moved
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
        return  # huge pages are set aside and counted apart; a file's pages can be written back to it
    there = destination.told()
    if there.available_kib is None:
        raise Unreadable("the destination's kernel does not tell how much memory is available")
    if guest.current_memory_kib > there.available_kib + there.swap_free_kib:
        yield on_destination(
            f"the guest has {_mib(guest.current_memory_kib)} MiB of memory; {_mib(there.available_kib)} MiB are "
            f"available here, and {_mib(there.swap_free_kib)} MiB of swap"
        )


def _mib(kib: int) -> int:
    return kib // 1024
