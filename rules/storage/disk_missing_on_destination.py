"""A file or device that the guest's disks need does not exist on the destination.

Why it matters
    The destination's QEMU opens the same paths, including backing files and CD-ROM images: "Cannot access storage file
    '/srv/images/web.qcow2': No such file or directory". A volume is looked up in the destination's own pool of that
    name, as of the pool's last refresh: "Storage volume not found: no storage vol with matching name 'web.qcow2'". A
    medium in a CD-ROM or floppy drive whose startupPolicy is optional or requisite is omitted instead. A disk that is
    copied is created if it is a file in a directory that is an active storage pool on the destination; otherwise
    libvirt reports "no storage pool with matching target path '/srv/images'". With --copy-storage-inc nothing is
    created: "pre-creation of storage targets for incremental storage migration is not supported". A backing file that
    the guest's XML names is opened even if the disk is copied in full: after a snapshot of the running guest the XML
    names the image below the snapshot ("unable to stat: /srv/images/web.qcow2"), until the guest is started again. A
    qcow2 image may also keep its data in a file of its own (qemu-img create -o data_file=): "Could not open
    '/srv/images/web.raw': No such file or directory".

How to fix
    Mount the same storage at the same place on the destination, copy the image there, or eject the medium. After adding
    a volume to the pool: virsh pool-refresh. For a disk that is copied, create an image of the same size at that path
    first, or define a pool for its directory. For --copy-storage-inc, create an overlay whose backing file is there.
    For a backing file named after a snapshot of the running guest: virsh blockcommit --active --pivot first.
"""

from preflight.facts import Images, Pools, Storage
from preflight.facts.guest import Disk
from preflight.host import Guest
from preflight.rule import Finding, Findings, Migration, Severity, of_each, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Cannot access backing file '...",
        "-blockdev ...: Could not open '...': No such file or directory",
        "unable to stat: ...: No such file or directory",
        "pre-creation of storage targets for incremental storage migration is not supported",
        "pre-creation of storage target for incremental storage migration of disk '...' is not supported",
    ),
)
def check(
    guest: Guest,
    destination: Storage,
    destination_pools: Pools,
    destination_images: Images,
    migration: Migration,
) -> Findings:
    yield from of_each(guest.disks, lambda disk: _lacking(disk, destination, destination_pools, migration))
    yield from of_each(guest.disks, lambda disk: _data(disk, destination_pools, destination_images, migration))


def _lacking(disk: Disk, destination: Storage, pools: Pools, migration: Migration) -> Findings:
    if disk.left_out_if_missing:
        return
    copied = migration.copies(disk.target, by_default=disk.copied_by_default)
    if disk.pool is not None and disk.volume is not None:
        pool = pools.by_name(disk.pool)
        if copied or pool is None or not pool.active:
            return  # created in its pool, or reported by pool-missing
        if disk.volume not in pool.volumes:
            message = f"the storage pool {disk.pool} has no volume {disk.volume}, required by the disk {disk.target}"
            error = f"Storage volume not found: no storage vol with matching name '{disk.volume}'"
            yield on_destination(message, error=error, fix=f"on the destination: virsh pool-refresh {disk.pool}")
            return
    own = pools.path(disk)
    for path in (own, *(disk.named_backing if copied else disk.backing)):
        if path is None or destination.look(path).exists:
            continue
        partly = copied and "copy-storage-inc" in migration.flags
        if copied and not partly and path == own and disk.type == "file" and pools.with_target(path.rpartition("/")[0]):
            continue
        yield _missing(disk, path, copied=copied, partly=partly)


def _missing(disk: Disk, path: str, *, copied: bool, partly: bool) -> Finding:
    error = f"Cannot access storage file '{path}'"
    if copied and path in disk.named_backing:
        error = path  # "unable to stat: ..." or "Cannot access backing file '...'"
    elif partly:  # 9.0 goes on with "is not supported", 11.3 with the disk's name
        error = "for incremental storage migration"
    elif copied and disk.type == "file":
        error = f"no storage pool with matching target path '{path.rpartition('/')[0]}'"
    elif copied:
        error = f"cannot precreate storage for disk type '{disk.type}'"
    elif disk.pool is not None:
        error = f"no storage vol with matching path '{path}'"
    elif path in disk.backing:  # a data file cannot be looked at: "unable to stat: ..."
        error = path
    return on_destination(f"{path}, required by the disk {disk.target}, does not exist on the destination", error=error)


def _data(disk: Disk, pools: Pools, images: Images, migration: Migration) -> Findings:
    path = pools.path(disk) if disk.format == "qcow2" and not disk.empty else None
    if path is None or migration.copies(disk.target, by_default=disk.copied_by_default):
        return
    for image in (path, *disk.backing):
        data = images.missing_data(image)
        if data is not None and data not in disk.backing:  # libvirt names it in the XML since 10.10
            yield on_destination(
                f"{data}, which has the data of {image}, the disk {disk.target}, does not exist on the destination",
                error=data,  # "unable to stat: ..." or "Could not open '...'"
            )
