"""The file of an NVDIMM of the guest is too small on the destination.

Why it matters
    QEMU gives an empty file the size of the NVDIMM, but refuses a file that has another, smaller size: "backing store
    size 0x2000000 does not match 'size' option 0x4000000".

How to fix
    Extend the file on the destination to the size of the NVDIMM: truncate -s 64M /srv/nvdimm/web.
"""

from preflight.facts import GuestBacking, Storage
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("backing store size ... does not match 'size' option ...",))
def check(guest: Guest, destination: Storage) -> Findings:
    for path, kib in GuestBacking.of(guest).files.items():
        place = destination.look(path)
        if place.kind == "file" and place.size and place.size < kib * 1024:
            yield on_destination(
                f"{path} has {place.size} bytes, and the NVDIMM whose contents it holds has {kib * 1024}",
                error=f"backing store size {place.size:#x} does not match 'size' option {kib * 1024:#x}",
            )
