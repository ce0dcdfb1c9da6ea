"""The disk to which a guest writes how far it has come: whoever reads it sees whether an older memory image ran on it.

Served by NBD, which locks nothing, as storage area networks do not: two QEMUs may write to it at the same time.
"""

from pathlib import Path
from typing import NamedTuple

from .guest import Guest, export
from .instance import Instance
from .network import SWITCH_ADDRESS

SECTOR = 512
#: The first port: below it are those of disks without a counter.
FIRST = 20809


def disk(instance: Instance, guest: Guest) -> str:
    """Serve the guest's disk with its counter at 0, and give its <disk>: an I/O error pauses the guest."""
    path = image(instance, guest.name)
    path.parent.mkdir(exist_ok=True)
    is_served = path.exists()
    with path.open("r+b" if is_served else "wb") as file:
        file.write(guest.boot_image())
    if not is_served:
        export(instance, path, port(guest.name))
    return (
        "<disk type='network' device='disk'><driver name='qemu' type='raw' error_policy='stop'/>"
        f"<source protocol='nbd'><host name='{SWITCH_ADDRESS}' port='{port(guest.name)}'/></source>"
        "<target dev='hda' bus='ide'/></disk>"
    )


def image(instance: Instance, name: str) -> Path:
    """Return the file that is served."""
    return instance.state / "counters" / f"{name}.img"


def port(name: str) -> int:
    """Return the port on which it is served, by the last two letters of the guest's name."""
    return FIRST + int.from_bytes(name.encode()[-2:], "big")


def reset(instance: Instance, name: str) -> None:
    """Put the counter back to 0; nothing may have the disk open."""
    with image(instance, name).open("r+b") as file:
        file.seek(SECTOR)
        file.write(bytes(SECTOR))


class Clock(NamedTuple):
    """The guest's own clock when it last wrote to its disk, in the guest's units."""

    #: The longest time between two ticks since it had written before, and the time.
    longest: int
    now: int


def clock(instance: Instance, name: str) -> Clock:
    """Return the guest's own clock, as it wrote it."""
    with image(instance, name).open("rb") as file:
        file.seek(SECTOR + 4)
        written = file.read(8)
    return Clock(int.from_bytes(written[:4], "little"), int.from_bytes(written[4:], "little"))


def value(instance: Instance, name: str) -> int:
    """Return the guest's progress, in tenths of a second of running."""
    with image(instance, name).open("rb") as file:
        file.seek(SECTOR)
        return int.from_bytes(file.read(4), "little")
