"""The guests' memory is backed by files, for which the destination's directory has too little space.

Why it matters
    With `<source type='file'/>` in `<memoryBacking>`, the guest's memory is a file in memory_backing_dir of the
    destination's qemu.conf (/var/lib/libvirt/qemu/ram by default). If its file system is full, QEMU cannot allocate the
    memory when it starts ("unable to map backing store for guest RAM"), or the kernel kills it when it writes there.
    How much of the file is written depends on what the guest has touched, and on `<access>` and `<allocation>`.

How to fix
    Name a directory with more space in memory_backing_dir, or mount a larger file system there, and restart the libvirt
    daemon; or free space.
"""

from preflight.facts import GuestSettings, Storage
from preflight.facts.guest import GuestBacking
from preflight.host import Judged
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.WARNING, skip=unless_live)
def check(guests: Judged, destination: GuestSettings, destination_storage: Storage) -> Findings:
    backed = [guest for guest in guests.all if guest.running and GuestBacking.of(guest).in_files]
    if not backed:
        return
    directory = destination.text("memory_backing_dir")
    free = destination_storage.look(directory.value).fs_free
    if free is None:
        raise Unreadable(f"the free space in {directory} is unknown")
    needed = sum(guest.memory_kib for guest in backed)
    if needed > free // 1024:
        yield on_destination(
            f"{directory}, which backs the memory of {', '.join(guest.name for guest in backed)}, has"
            f" {free >> 20} MiB free, but {needed >> 10} MiB may be needed",
            at=directory.at,
        )
