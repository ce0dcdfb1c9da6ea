"""The image of a guest's disk has a different size on the destination.

Why it matters
    A disk is copied only into an image of the same size and format: "migration of disk vda failed: Source and target
    image have different sizes", or "Image is not in qcow2 format"; libvirt 10.0 and later also copies a raw block
    device into a larger one. libvirt does not compare the sizes of a disk that is not copied, so the migration
    succeeds: the guest then reads different content than before, or nothing beyond the end of the shorter image.

How to fix
    For a disk that is copied, remove the image on the destination if libvirt can create it in a storage pool, or create
    it again with the source's size (qemu-img info). For a disk that is not copied, put the same image on both hosts.
"""

from preflight.facts import Images, Pools, Storage, Versions
from preflight.facts.guest import Disk
from preflight.facts.libvirt import Version
from preflight.facts.storage import Image
from preflight.host import Guest
from preflight.rule import (
    Finding,
    Findings,
    Migration,
    Severity,
    Unreadable,
    of_each,
    on_destination,
    rule,
    unless_live,
)

#: QEMU counts in sectors, so an incomplete last sector counts as a whole one.
SECTOR = 512
#: Since this release libvirt copies a raw disk into the beginning of a larger block device (a slice, NEWS of 10.0.0).
_CUTS_DEVICES = Version(10, 0, 0)


@rule(Severity.ERROR, guards_data=True, skip=unless_live)
def check(
    guest: Guest,
    source_guest: Guest,
    source: Storage,
    destination: Storage,
    source_pools: Pools,
    destination_pools: Pools,
    source_images: Images,
    destination_images: Images,
    destination_versions: Versions,
    migration: Migration,
) -> Findings:
    on_source = {disk.target: disk for disk in source_guest.disks}

    def differing(disk: Disk) -> Findings:
        if disk.type not in ("file", "block", "volume") or disk.empty:
            return
        here = source_pools.path(on_source.get(disk.target, disk))
        there = destination_pools.path(disk)
        if here is None or there is None or not destination.look(there).exists:
            return
        if migration.copies(disk.target, by_default=disk.copied_by_default):
            yield from _copied(
                disk,
                there,
                _image(disk, here, source, source_images),
                _image(disk, there, destination, destination_images),
                destination,
                larger_fits=disk.type == "block" and destination_versions.libvirt >= _CUTS_DEVICES,
            )
        elif disk.readonly or disk.format == "raw":
            mine, other = _bytes(source, here), _bytes(destination, there)
            if mine is not None and other is not None and mine != other:
                message = (
                    f"{there}, the disk {disk.target}, has {other} bytes on the destination and {mine} on the source"
                )
                yield on_destination(message, severity=Severity.WARNING)

    yield from of_each(guest.disks, differing)


def _bytes(host: Storage, path: str) -> int | None:
    """Return the size of a regular file; None for a device, whose size the path does not show."""
    place = host.look(path)
    return place.size if place.kind == "file" else None


def _image(disk: Disk, path: str, host: Storage, images: Images) -> Image:
    size = _bytes(host, path)
    if disk.format == "raw" and size is not None:
        return Image(format="raw", size=size)
    found = images.look(path)
    return Image(format="raw", size=found.size) if disk.format == "raw" else found


def _copied(disk: Disk, path: str, mine: Image, other: Image, destination: Storage, *, larger_fits: bool) -> Findings:
    if disk.format not in ("raw", "qcow2"):
        raise Unreadable(f"{disk.target} has the format {disk.format}: its size is unknown")
    if disk.format == "qcow2" and other.format != "qcow2":
        yield on_destination(
            f"{path}, the disk {disk.target}, is not in qcow2 format on the destination",
            error="Image is not in qcow2 format",
        )
    elif disk.format == "raw" and larger_fits and other.size > mine.size:
        return
    elif -(-mine.size // SECTOR) != -(-other.size // SECTOR):
        yield on_destination(
            f"{path}, the disk {disk.target}, has {other.size} bytes on the destination and {mine.size} on the source",
            error="Source and target image have different sizes",
        )
    elif other.backing is not None and not disk.chain_is_given:
        yield from _below(disk, path, other.backing, destination)


def _below(disk: Disk, path: str, backing: str, destination: Storage) -> Findings:
    under = backing if backing.startswith("/") else f"{path.rpartition('/')[0]}/{backing}"
    if not destination.look(under).exists:
        yield _missing(disk, path, under)


def _missing(disk: Disk, path: str, under: str) -> Finding:
    return on_destination(
        f"{path}, the disk {disk.target}, is backed by {under}, which does not exist on the destination",
        error=f"Cannot access backing file '{under}'",
    )
