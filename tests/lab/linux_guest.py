"""Puts a guest that runs Linux on a host: with an agent, a network interface and a disk, each only if it is wanted."""

import re
import shutil
import time
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from .container import GUESTS
from .guest import MIB, export
from .host import LabHost
from .instance import Instance
from .linux_image import INITRD, KERNEL, linux
from .machine import LabError, command
from .network import SWITCH_ADDRESS

#: The port at which the disk of the guest with the address 192.0.2.N is served is this and N.
FIRST_PORT = 30809
BOOT_TIMEOUT = 120.0
"""Seconds until a guest has booted: two, and many times that where other labs have the processors."""
KIND = "qemu"
"""Without KVM: where that emulates what the kernel does before it is unpacked, as kvm_pvm does, this takes an hour."""
_CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
_EMPTY_CDROM = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"


@dataclass(frozen=True)
class LinuxGuest:
    """What a guest has and does. Its address is 192.0.2.`number`, its disk is served by NBD from the switch."""

    name: str
    number: int
    #: The definition has the agent's channel, and the agent runs in the guest.
    channel: bool = True
    agent: bool = True
    #: The bridge of its interface, and whether Linux has set that up.
    bridge: str = "br0"
    hears: bool = True
    writes: bool = True
    #: An empty CD-ROM drive, as most guests that a person has installed have it.
    cdrom: bool = False
    memory_mib: int = 128

    def xml(self) -> str:
        """Return the domain's definition."""
        words = ["quiet", "panic=-1", *(word for word in ("agent", "writes") if getattr(self, word))]
        if self.hears:
            words.append(f"address=192.0.2.{self.number}/24")
        return f"""\
<domain type="{KIND}">
  <name>{self.name}</name>
  <memory unit='MiB'>{self.memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{GUESTS}/{KERNEL}</kernel>
    <initrd>{GUESTS}/{INITRD}</initrd>
    <cmdline>{" ".join(words)}</cmdline>
  </os>
  <features>
    <acpi/>
  </features>
  <devices>
    {self._disk()}
    {_EMPTY_CDROM if self.cdrom else ""}
    {self._interface()}
    {_CHANNEL if self.channel else ""}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""

    def _disk(self) -> str:
        source = f"<source protocol='nbd'><host name='{SWITCH_ADDRESS}' port='{FIRST_PORT + self.number}'/></source>"
        driver = "<driver name='qemu' type='raw'/>"
        return f"<disk type='network' device='disk'>{driver}{source}<target dev='vda' bus='virtio'/></disk>"

    def _interface(self) -> str:
        source = f"<source bridge={quoteattr(self.bridge)}/>"
        mac = f"<mac address='52:54:00:00:00:{self.number:02x}'/>"
        return f"<interface type='bridge'>{mac}{source}<model type='virtio'/></interface>"


def boot(instance: Instance, host: LabHost, guest: LinuxGuest) -> None:
    """Define and start a guest, and wait until it has booted; `share` comes first."""
    _serve(instance, guest)
    host.run("virsh", "define", "/dev/stdin", input=guest.xml())
    host.run("virsh", "start", guest.name)
    deadline = time.monotonic() + BOOT_TIMEOUT
    while not re.search(r"block\.0\.wr\.reqs=[1-9]", host.run("virsh", "domstats", guest.name, "--block").stdout):
        if time.monotonic() > deadline:
            raise LabError(f"guest {guest.name} has not booted in {BOOT_TIMEOUT:g} s")
        time.sleep(0.1)


def share(instance: Instance) -> None:
    """Put the kernel and its initramfs where every host sees them."""
    for name in (KERNEL, INITRD):
        if not (instance.images / name).exists():
            shutil.copy(linux() / name, instance.images / name)


def _serve(instance: Instance, guest: LinuxGuest) -> None:
    directory = instance.state / "linux"
    directory.mkdir(exist_ok=True)
    path = directory / f"{guest.number}.img"
    if not path.exists():  # its server stays when hosts are reset
        path.write_bytes(bytes(MIB))
        export(instance, path, FIRST_PORT + guest.number)


def bridge(host: LabHost) -> None:
    """Make "br0", by which guests are in the lab's network.

    The host's address moves there with its MAC address, so that its neighbours notice nothing.
    """
    mac = host.run("ip", "-o", "link", "show", "eth0").stdout.split("link/ether ")[1].split()[0]
    moved = f"""
set -e
ip link add br0 type bridge forward_delay 0
ip address flush dev eth0
ip link set br0 address {mac} up
ip address add {host.address}/24 dev br0
ip link set eth0 master br0
"""
    host.run("sh", "-c", moved)


def blind_bridge(instance: Instance, host: LabHost, name: str) -> None:
    """Make a bridge that leads nowhere, on a host that itself sends nothing to it.

    A host with IPv6 looks for routers on each bridge and on each guest's interface: a guest receives that.
    """
    off = "net.ipv6.conf.default.disable_ipv6=1"
    command("ip", "netns", "exec", instance.namespace(host.name), "sysctl", "-q", "-w", off)
    host.run("sh", "-c", f"ip link add {name} type bridge forward_delay 0 && ip link set {name} up")
