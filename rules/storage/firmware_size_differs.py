"""A file with the guest's firmware has a different size on the destination.

Why it matters
    QEMU sends the contents of the firmware, of its variables and of option ROMs as part of the guest's memory, and the
    destination's must have the same size: "Size mismatch: pc.bios: 0x200000 != 0x400000: Invalid argument". This
    happens when the same path holds another build: /usr/share/ovmf/OVMF.fd has 2 MiB in Debian 12 and 4 MiB in
    Debian 13. An option ROM counts with its size rounded up to a power of two. QEMU's own ROMs are the
    rule qemu-rom-size-differs.

How to fix
    Install the same firmware package on both hosts, or copy the source's file to a path that both hosts have, and start
    the guest with it.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts import Storage
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Size mismatch: pc.bios",
        "Size mismatch: system.flash0",
        "Size mismatch: system.flash1",
        "job 'migration out' failed: Unable to write to socket",
    ),
)
def check(guest: Guest, source_guest: Guest, source: Storage, destination: Storage) -> Findings:
    here = dict(_files(parse_xml(source_guest.xml)))
    for part, path in _files(parse_xml(guest.xml)):
        mine, other = _size(source, here.get(part, path)), _size(destination, path)
        if part == "system.flash1" and other is None and guest.devices.nvram_template:
            path = guest.devices.nvram_template  # noqa: PLW2901 - the file is created from it
            other = _size(destination, path)
        if mine is None or other is None or _counted(part, mine) == _counted(part, other):
            continue
        yield on_destination(
            f"{path} has {other} bytes on the destination, and the guest's firmware has {mine}",
            error="Size mismatch: " + ("" if part.endswith(".rom") else part),
        )


def _files(root: Element) -> Iterator[tuple[str, str]]:
    """Yield the name of each block of memory that is filled from a raw file, as QEMU calls it, and the file."""
    loader, nvram = root.find("os/loader"), root.find("os/nvram")
    if loader is not None and loader.get("format", "raw") == "raw":
        yield "system.flash0" if loader.get("type") == "pflash" else "pc.bios", (loader.text or "").strip()
    if nvram is not None and nvram.get("format", "raw") == "raw":
        source = nvram.find("source")
        yield "system.flash1", (nvram.text or "").strip() if source is None else source.get("file", "")
    for number, device in enumerate(root.iterfind("devices/*")):
        image = device.find("rom")
        if image is not None and image.get("file"):
            yield f"{number}.rom", image.get("file", "")


def _size(storage: Storage, path: str) -> int | None:
    place = storage.look(path) if path.startswith("/") else None
    return place.size if place is not None and place.kind == "file" else None


def _counted(part: str, size: int) -> int:
    return 1 << (size - 1).bit_length() if part.endswith(".rom") and size else size
