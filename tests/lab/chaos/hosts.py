"""Brings both hosts of a run to a clean start: removes guests, and reboots a host only if that is not enough."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.lab.chaos import processors, saved
from tests.lab.chaos.faults import Scene
from tests.lab.chaos.trial import GuestDrawn
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.machine import LabError

CLEAN = """
for name in $(timeout 20 virsh -q list --all --name); do
  timeout 20 virsh -q destroy "$name" 2>/dev/null
  timeout 20 virsh -q undefine "$name" 2>/dev/null
done
for path in /etc/libvirt /var/lib/libvirt; do
  if mountpoint -q "$path"; then umount "$path" && umount "/lab$path" || exit 1; fi
done
left=$(timeout 20 virsh -q list --all --name) && test -z "$left" || exit 1
test -z "$(ls /run/libvirt/qemu/*.xml /etc/libvirt/qemu/*.xml 2>/dev/null)" && systemctl -q is-active libvirtd ssh
"""


def clean(lab: Lab, *, used_up: bool) -> None:
    """Remove every guest; reboot a host if a fault has `used_up` it, or if something remains."""
    with ThreadPoolExecutor() as pool:
        hosts = list(lab.hosts.values())
        kept = [False for _ in hosts] if used_up else list(pool.map(_empty, hosts))
    lab.reset([host for host, is_clean in zip(hosts, kept, strict=True) if not is_clean])


def _empty(host: LabHost) -> bool:
    try:
        return host.run("sh", "-c", CLEAN, check=False, timeout=120).returncode == 0 and not processors.seen_on(host)
    except LabError:
        return False


def place(scene: Scene, guests: Sequence[GuestDrawn]) -> None:
    """Make the guests of a run at its source."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda guest: saved.place(scene.lab, scene.source, guest), guests))
