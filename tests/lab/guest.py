"""Makes guests that need no kernel: a boot sector that dirties memory at the rate asked for."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import quoteattr

from . import cgroup
from .container import GUESTS
from .instance import Instance
from .machine import command
from .network import SWITCH_ADDRESS

Disk = Literal["readonly", "nbd", "local", "none", "counter"]

MIB = 1024 * 1024
LOW_MIB = 3 * 1024 - 1
"""The memory of a large guest that it writes to: the rest is above 4 GiB on the machine "pc", out of its reach."""
TICKS = 100
"""How often a second the boot sector writes; the programmable interval timer's rate in guest.S."""


@dataclass(frozen=True)
class Guest:
    """The properties of a guest; sizes in MiB, rates in MiB/s."""

    name: str
    memory_mib: int = 64
    dirty_mib_per_s: float = 0
    disk: Disk = "readonly"
    machine: str | None = None
    fill: bool = False
    """Whether it first writes to all the memory that it would ever dirty."""

    @property
    def runs(self) -> bool:
        """Report whether it does anything but halt."""
        return self.fill or self.pages() > 0

    def pages(self) -> int:
        """Return the number of pages of 4 KiB to which the guest writes at each tick."""
        wanted = round(self.dirty_mib_per_s * MIB / 4096 / TICKS)
        return min(wanted, (self.memory_mib - 3) * MIB // 4096)

    def boot_image(self) -> bytes:
        """Return the disk: the assembled boot sector and nothing else in 1 MiB."""
        source = Path(__file__).with_name("guest.S")
        with tempfile.TemporaryDirectory() as directory:
            made, linked = f"{directory}/guest.o", f"{directory}/guest"
            symbols = {"PAGES": self.pages(), "END": min(self.memory_mib - 1, LOW_MIB) * MIB, "FILL": int(self.fill)}
            symbols["COUNT"] = int(self.disk == "counter")
            defined = [f"--defsym={name}={value}" for name, value in symbols.items()]
            command("as", "--32", *defined, "-o", made, str(source))
            flat = ["-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary"]
            command("ld", *flat, "-o", linked, made)
            return Path(linked).read_bytes().ljust(MIB, b"\0")

    def xml(self, kind: str, disk: str) -> str:
        """Return the domain's definition; `kind` is "kvm" or "qemu"."""
        return f"""\
<domain type='{kind}'>
  <name>{self.name}</name>
  <memory unit='MiB'>{self.memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine={quoteattr(self.machine or "pc")}>hvm</type>
  </os>
  <features>
    <acpi/>
  </features>
  <devices>
    {disk}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def share_image(instance: Instance, guest: Guest) -> str:
    """Put the guest's disk where every host sees it; gives the path there."""
    name = f"boot-{guest.memory_mib}-{guest.pages()}{'-fill' if guest.fill else ''}.img"
    path = instance.images / name
    if not path.exists():
        path.write_bytes(guest.boot_image())
        path.chmod(0o644)
    return f"{GUESTS}/{name}"


def serve_image(instance: Instance, guest: Guest) -> int:
    """Serve the guest's disk by NBD from the switch's address; gives the port."""
    directory = instance.state / "nbd"
    directory.mkdir(exist_ok=True)
    port = 10809 + len(list(directory.glob("*.img")))
    path = directory / f"{port}.img"  # a guest of that name may have been there before its host was reset
    path.write_bytes(guest.boot_image())
    export(instance, path, port)
    return port


def export(instance: Instance, path: Path, port: int) -> None:
    """Serve an image by NBD at this port of the switch's address.

    To any number of clients: two hosts have a disk open while the guest moves, and connections over a link that was cut
    stay for good.
    """
    group = f"{instance.group}/nbd"
    cgroup.create(group)
    command(
        *cgroup.entering(group),
        "ip",
        "netns",
        "exec",
        instance.namespace("switch"),
        "qemu-nbd",
        "--fork",
        "--persistent",
        "--shared=0",
        "--format=raw",
        f"--bind={SWITCH_ADDRESS}",
        f"--port={port}",
        f"--pid-file={path}.pid",
        str(path),
    )


def file_disk(path: str, *, readonly: bool) -> str:
    """Return the <disk> of an image file."""
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file={quoteattr(path)}/><target dev='vda' bus='virtio'/>"
        f"{'<readonly/>' if readonly else ''}</disk>"
    )


def network_disk(port: int) -> str:
    """Return the <disk> that `serve_image` serves."""
    return (
        "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
        f"<source protocol='nbd'><host name='{SWITCH_ADDRESS}' port='{port}'/></source>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
