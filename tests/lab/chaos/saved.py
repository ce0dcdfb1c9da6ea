"""Guests that have booted once and are restored for each run: their firmware costs seconds of a processor each time."""

import shutil
from pathlib import Path

from tests.lab import counter
from tests.lab.chaos.trial import GuestDrawn
from tests.lab.container import GUESTS
from tests.lab.host import LabHost
from tests.lab.lab import Lab


def place(lab: Lab, host: LabHost, guest: GuestDrawn) -> None:
    """Make a guest on a host as it was when it had just booted."""
    path = image(lab, host, guest)
    counter.reset(lab.instance, guest.name)
    if guest.running:
        host.run("virsh", "restore", path, timeout=120)
    if guest.persistent:
        host.run("sh", "-c", 'virsh save-image-dumpxml "$1" | virsh define /dev/stdin', "sh", path)


def image(lab: Lab, host: LabHost, guest: GuestDrawn) -> str:
    """Return the saved guest, where every host of the lab sees it; booted and saved when there is none yet."""
    name = f"{guest.name}-{guest.memory_mib}-{guest.dirty_mib_per_s}{'-filled' if guest.fill else ''}.saved"
    kept = lab.instance.images / name
    if not kept.exists():
        memory, dirty = guest.memory_mib, guest.dirty_mib_per_s
        host.guest(
            guest.name, memory_mib=memory, dirty_mib_per_s=dirty, disk="counter", fill=guest.fill, persistent=False
        )
        saved = f"/root/{guest.name}.saved"
        host.run("virsh", "save", guest.name, saved, timeout=120)
        partial = kept.with_suffix(".partial")
        shutil.copyfile(host.inside(saved), partial)
        partial.rename(kept)
        Path(host.inside(saved)).unlink()
    return f"{GUESTS}/{name}"
