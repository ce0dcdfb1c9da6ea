"""The guest that is rehearsed under faults: with an image, firmware variables and a TPM, which its hosts have too."""

import os
import shutil
import time
from pathlib import Path

from preflight.rehearse.limits import LARGE
from preflight.units import MIB
from tests.lab import counter
from tests.lab.chaos.trial import GuestDrawn
from tests.lab.container import GUESTS
from tests.lab.lab import Lab
from tests.lab.machine import LabError

#: A guest that could move soon: nearly all of it is zero. It is half as large again as it must be, so that it is
#: rehearsed on a busy machine too.
GUEST = GuestDrawn("g0", LARGE // MIB * 3 // 2, 0.4)
IMAGE, FIRMWARE, TEMPLATE = "/srv/data.img", "/srv/bios.bin", "/srv/vars.bin"
VARIABLES = f"/var/lib/libvirt/qemu/nvram/{GUEST.name}_VARS.fd"
#: Seconds until it has booted.
BOOTS = 240.0
#: Takes away what a guest with variables and a TPM leaves behind, and makes the files that both hosts have.
FILES = f"""
timeout 20 virsh -q destroy {GUEST.name} 2>/dev/null
timeout 20 virsh -q undefine --nvram {GUEST.name} 2>/dev/null
rm -rf /var/lib/libvirt/swtpm/* {VARIABLES} /srv/*
cp /usr/share/seabios/bios-256k.bin {FIRMWARE} && cp {FIRMWARE} {TEMPLATE} || exit 1
yes "$(hostname)" | head -c 1048576 > {IMAGE} && chmod 640 {IMAGE}
"""
#: The destination has variables of its own, which no rehearsal may change.
OTHERS = f'mkdir -p "$(dirname {VARIABLES})" && head -c 262144 /dev/urandom > {VARIABLES} && chmod 604 {VARIABLES}'
DEFINE = f"""
virsh dumpxml --inactive {GUEST.name} | sed \
  -e 's#<boot dev=#<loader readonly="yes" type="pflash">{FIRMWARE}</loader>\
<nvram template="{TEMPLATE}">{VARIABLES}</nvram>&#' \
  -e 's#</devices>#<tpm model="tpm-crb"><backend type="emulator" version="2.0"/></tpm>&#' \
  -e 's#</devices>#<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{IMAGE}"/>\
<target dev="vdb" bus="virtio"/><readonly/></disk>&#' > /root/g.xml
virsh define /root/g.xml && virsh start {GUEST.name}
"""


def prepare(lab: Lab) -> None:
    """Put the guest's files on both hosts, which have no guest."""
    for host in lab.hosts.values():
        host.run("sh", "-c", FILES)
        os.setxattr(host.inside(IMAGE), "trusted.note", host.name.encode())
    lab.hosts["host2"].run("sh", "-c", OTHERS)


def place(lab: Lab) -> None:
    """Have the guest run on the source as it was when it had just booted."""
    host, kept = lab.hosts["host1"], lab.instance.images / f"{GUEST.name}-with-files.saved"
    if kept.exists():
        counter.reset(lab.instance, GUEST.name)
        path = f"{GUESTS}/{kept.name}"
        host.run("virsh", "restore", path, timeout=120)
        host.run("sh", "-c", 'virsh save-image-dumpxml "$1" | virsh define /dev/stdin', "sh", path)
        return
    host.guest(
        GUEST.name,
        memory_mib=GUEST.memory_mib,
        dirty_mib_per_s=GUEST.dirty_mib_per_s,
        disk="counter",
        running=False,
    )
    host.run("sh", "-c", DEFINE, timeout=120)
    deadline = time.monotonic() + BOOTS
    while not counter.value(lab.instance, GUEST.name):
        if time.monotonic() > deadline:
            raise LabError(f"guest {GUEST.name} does not count")
        time.sleep(0.1)
    saved = Path(host.inside(f"/root/{GUEST.name}.saved"))
    host.run("virsh", "save", GUEST.name, f"/root/{GUEST.name}.saved", timeout=120)
    shutil.copyfile(saved, kept.with_suffix(".partial"))
    kept.with_suffix(".partial").rename(kept)
    saved.unlink()
    place(lab)
