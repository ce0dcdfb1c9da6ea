"""A BIOS or an option ROM of QEMU's own has another size on the destination.

Why it matters
    QEMU sends these files' contents as part of the guest's memory, and the destination's must have the same size: "Size
    mismatch: 0000:00:03.0/virtio-net-pci.rom: 0x40000 != 0x80000: Invalid argument". The option ROM of a network card
    has another size in other releases of iPXE; it counts rounded up to a power of two. Files are compared where
    distributions have them; what a guest was started with is not known, if the file was replaced since.

How to fix
    Install the same release of the package (ipxe-qemu, seabios) on both hosts. Or define the guest's network card
    without a ROM (<rom enabled='no'/>) and restart the guest.
"""

from preflight.facts.guest import QemuFiles, needed_files
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("Size mismatch: pc.bios", "job 'migration out' failed: Unable to write to socket"),
)
def check(guest: Guest, source: QemuFiles, destination: QemuFiles) -> Findings:
    told = set[str]()
    for needed in needed_files(guest, parse_xml(guest.xml)):
        block = needed.block
        if block is None or needed.name in told:
            continue
        mine, other = (
            {_counted(block, size) for size in files.sizes.get(needed.name, ())} for files in (source, destination)
        )
        if len(mine) == len(other) == 1 and mine != other:  # a host that has it in two sizes may use either
            told.add(needed.name)
            yield on_destination(
                f"{needed.name}, which {needed.what} of the guest needs, has {destination.sizes[needed.name][0]} bytes "
                f"on the destination and {source.sizes[needed.name][0]} on the source",
                error="Size mismatch: " + ("" if block == ".rom" else block),
            )


def _counted(block: str, size: int) -> int:
    return 1 << (size - 1).bit_length() if block == ".rom" and size else size
