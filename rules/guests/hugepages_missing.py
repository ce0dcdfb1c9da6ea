"""The guest uses huge pages, and the destination has too few, or none that libvirt can use.

Why it matters
    The destination's QEMU allocates all pages when it starts: "unable to map backing store for guest RAM: Cannot
    allocate memory". Without a hugetlbfs mount libvirt does not start such a guest: "hugetlbfs filesystem is not
    mounted or disabled by administrator config", "Unable to find any usable hugetlbfs mount for 1048576 KiB". libvirt
    looks for mounts only when it starts, so it does not see a mount that was made later. hugetlbfs_mount in qemu.conf
    names other mounts, or none.

How to fix
    Reserve enough pages on the destination (vm.nr_hugepages, or hugepages= on the kernel command line), mount hugetlbfs
    for their size, and restart the libvirt daemon after mounting.
"""

from preflight.facts import HostMemory, Storage
from preflight.facts.guest import GuestBacking
from preflight.facts.memory import HugeMount, HugePages
from preflight.host import Guest
from preflight.rule import Finding, Findings, Severity, on_destination, rule, unless_live

_NO_MOUNT = "hugetlbfs filesystem is not mounted or disabled by administrator config"


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: HostMemory, destination_storage: Storage) -> Findings:
    wanted = GuestBacking.of(guest).huge
    if not wanted:
        return
    there = destination.told()
    found = tuple(mount for mount in there.mounts if destination_storage.look(mount.marker).exists)
    if not found:
        if there.mounts:
            points = ", ".join(mount.point for mount in there.mounts)
            yield on_destination(f"hugetlbfs was mounted at {points} after the libvirt daemon started", error=_NO_MOUNT)
        else:
            yield on_destination("hugetlbfs is not mounted where libvirt would use it", error=_NO_MOUNT)
        return
    for size, kib in wanted.items():
        yield from _of_size(size, kib, found, there)


def _of_size(size: int | None, kib: int, found: tuple[HugeMount, ...], there: HostMemory) -> Findings:
    sizes = [mount.page_kib for mount in found]
    if size is None:
        size = there.page_size(size, found)
    elif size not in sizes and None not in sizes:
        yield on_destination(
            f"hugetlbfs is not mounted for pages of {size} KiB",
            error=f"Unable to find any usable hugetlbfs mount for {size} KiB",
        )
        return
    if size is None:
        return
    if kib < size:
        yield on_destination(
            f"huge pages here are {size} KiB each, larger than the guest's memory",
            error="must be equal to or larger than page size",
        )
        return
    yield from _too_few(size, -(-kib // size), there.pages.get(size, HugePages(free=0, reserved=0)))


def _too_few(size: int, needed: int, pool: HugePages) -> list[Finding]:
    if needed <= pool.to_be_had:
        return []
    return [
        on_destination(
            f"the guest needs {needed} huge pages of {size} KiB, but only {pool.to_be_had} are available",
            error="unable to map backing store for guest RAM",
        )
    ]
