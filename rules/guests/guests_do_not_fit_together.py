"""Each guest fits into the destination's memory, but all of them together do not.

Why it matters
    This rule assumes that all guests in the report are moved. When huge pages run out, the last guests fail: "unable to
    map backing store for guest RAM: Cannot allocate memory". Linux overcommits ordinary memory, so migrations continue
    when that runs out, and the destination swaps or kills a process to make room.

How to fix
    Reserve more huge pages on the destination (vm.nr_hugepages), free memory there, or move fewer guests: name them
    with --guest.
"""

from collections import Counter

from preflight.facts import HostMemory
from preflight.facts.guest import GuestBacking
from preflight.host import Judged
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guests: Judged, destination: HostMemory) -> Findings:
    backings = [(guest, GuestBacking.of(guest)) for guest in guests.all]
    huge = any(backing.huge for _, backing in backings)
    if len(backings) < 2 or (destination.error is not None and not huge):
        return  # for ordinary memory this is a warning, and memory-insufficient is UNKNOWN anyway
    there = destination.told()
    needed: Counter[int] = Counter()
    users: Counter[int] = Counter()
    for _, backing in backings:
        for asked, kib in backing.huge.items():
            size = there.page_size(asked, there.mounts) if there.mounts else None
            pool = there.pages.get(size) if size else None
            pages = -(-kib // size) if size else 0
            if size and pool and pages <= pool.to_be_had:  # another rule reports a guest that does not fit alone
                needed[size] += pages
                users[size] += 1
    for size, pages in needed.items():
        free = there.pages[size].to_be_had
        if pages > free:
            yield on_destination(
                f"{users[size]} guests together need {pages} huge pages of {size} KiB, but only {free} are available",
                error="unable to map backing store for guest RAM",
            )
    usual = [guest.current_memory_kib for guest, backing in backings if not (backing.huge or backing.in_files)]
    if there.available_kib is None or len(usual) < 2:
        return
    room = there.available_kib + there.swap_free_kib
    if sum(usual) > room >= max(usual):
        yield on_destination(
            f"{len(usual)} guests together have {sum(usual) // 1024} MiB of memory, but only"
            f" {there.available_kib // 1024} MiB and {there.swap_free_kib // 1024} MiB of swap are available here",
            severity=Severity.WARNING,
        )
