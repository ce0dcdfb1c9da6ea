"""The guest uses the TPM of its host.

Why it matters
    A TPM keeps its keys to itself, and neither libvirt nor QEMU refuses to migrate a guest that uses that of the host
    (<backend type='passthrough'>). On the destination the guest gets another TPM, or none: "Could not open '/dev/tpm0':
    No such file or directory". Disks that are unlocked by the TPM, and keys that are sealed in it, are lost to the
    guest until it is back.

How to fix
    Give the guest an emulated TPM (<backend type='emulator'>), whose state libvirt migrates. Suspend the encryption
    that depends on the TPM before changing it.
"""

from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR, guards_data=True)
def check(source_guest: Guest) -> Findings:
    for backend in parse_xml(source_guest.xml).iterfind("devices/tpm/backend[@type='passthrough']"):
        device = backend.find("device")
        path = "its TPM" if device is None else device.get("path", "its TPM")
        yield on_source(f"the guest uses the TPM of this host ({path}), whose keys cannot be moved")
