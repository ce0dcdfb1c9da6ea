"""The guests' memory is backed by files, for which the destination's directory has too little space.

Why it matters
    With `<source type='file'/>` in `<memoryBacking>`, the guest's memory is a file in memory_backing_dir of the
    destination's qemu.conf (/var/lib/libvirt/qemu/ram by default). On a tmpfs, each page that arrives takes space, even
    one that is empty. If the file system is full, the kernel kills QEMU: "qemu unexpectedly closed the monitor". On
    other file systems, how much space is taken depends on what the guest writes, and on `<access>` and `<allocation>`:
    this is a warning then.

How to fix
    Name a directory with more space in memory_backing_dir, or mount a larger file system there, and restart the libvirt
    daemon; or free space.
"""

from preflight.facts import GuestSettings, Storage
from preflight.facts.guest import GuestBacking
from preflight.host import Judged
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guests: Judged, destination: GuestSettings, destination_storage: Storage) -> Findings:
    backed = [guest for guest in guests.all if guest.running and GuestBacking.of(guest).in_files]
    if not backed:
        return
    directory = destination.text("memory_backing_dir")
    place = destination_storage.look(directory.value)
    free = place.fs_free
    if free is None:
        raise Unreadable(f"the free space in {directory} is unknown")
    needed = sum(guest.memory_kib for guest in backed)
    if needed > free // 1024:
        yield on_destination(
            f"{directory}, which backs the memory of {', '.join(guest.name for guest in backed)}, has"
            f" {free >> 20} MiB free, but {needed >> 10} MiB may be needed",
            at=directory.at,
            error="closed the monitor" if place.fs_type == "tmpfs" else None,
            severity=None if place.fs_type == "tmpfs" else Severity.WARNING,
        )
