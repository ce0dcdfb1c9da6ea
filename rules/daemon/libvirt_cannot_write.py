"""A file system that holds libvirt's files about guests is full or read-only.

Why it matters
    For each guest that arrives, libvirt writes a status file to /run/libvirt/qemu, a key to /var/lib/libvirt/qemu, a
    log to /var/log/libvirt/qemu and, if the guest is defined on the destination, its definition to /etc/libvirt/qemu.
    If a file system is full, or became read-only after an error, the migration fails: "cannot write data to file
    '/run/libvirt/qemu/web.xml.new': No space left on device", "failed to write master key file for domain", "Cannot
    create directory '/var/lib/libvirt/qemu/domain-1-web': Read-only file system". The source reports no error: a
    definition that cannot be removed from a read-only /etc/libvirt/qemu reappears when the daemon next starts, as a
    guest that is off; with autostart, the guest then runs on both hosts.

How to fix
    Free up space or inodes (df, df -i). If the file system is read-only, find out why first (dmesg), then mount -o
    remount,rw.
"""

from collections.abc import Iterator

from preflight.facts import Storage
from preflight.facts.daemon import DEFINITIONS, LOGS, PRIVATE, STATUS
from preflight.facts.storage import PathStatus
from preflight.host import Guest, Judged
from preflight.rule import Finding, Findings, Migration, Severity, Unreadable, on_destination, on_source, rule

KIB = 1024
#: Block size of most file systems, in bytes.
BLOCK = 4 * KIB
#: Bytes by which a guest's status file exceeds its XML: QEMU's capabilities and the guest's runtime
#: state. Seen with libvirt 9.0.
STATUS_BEYOND_XML = 8 * KIB
#: Free bytes below which a finding warns.
LITTLE = 1024 * KIB
NO_SPACE = "No space left on device"
#: The end of libvirt's message if QEMU could not write its pidfile.
QEMU_ENDED = "unexpected exit status 1"


@rule(
    Severity.ERROR,
    guards_data=True,
    errors=(
        "-msg timestamp=on) unexpected exit status ",
        "cannot write data to file '...': No space left on device",
        "Cannot create directory '...': No space left on device",
        "Cannot create directory '...': Read-only file system",
        "Failed to create file '...': Read-only file system",
        "can't connect to virtlogd: Unable to open file: ...: Read-only file system",
        "Cannot remove stale PID file ...: Read-only file system",
    ),
)
def check(guests: Judged, source: Storage, destination: Storage, migration: Migration) -> Findings:
    arriving = [guest for guest in guests.all if guest.running and not migration.offline]
    defined = [guest for guest in guests.all if _is_defined(guest, migration)]
    unknown: Unreadable | None = None
    for path, needed in _needed(arriving, defined).items():
        try:
            yield from _on_destination(destination.look(path), needed)
        except Unreadable as why:
            unknown = why
    leaving = migration.method.undefinesource and any(guest.persistent for guest in defined)
    if leaving and source.look(DEFINITIONS).read_only:
        yield on_source(f"{DEFINITIONS} is read-only: guests undefined here reappear after the daemon's next start")
    if unknown is not None:
        raise unknown


def _is_defined(guest: Guest, migration: Migration) -> bool:
    """Report whether the guest will be defined on the destination."""
    return guest.persistent if migration.method.persistent is None else migration.method.persistent


def _needed(arriving: list[Guest], defined: list[Guest]) -> dict[str, int]:
    """Return the bytes that are written to each directory; a log is opened, but need not be written to."""
    needed = {DEFINITIONS: BLOCK * len(defined)} if defined else {}
    if arriving:
        status = [_in_blocks(len(guest.as_it_runs.encode()) + STATUS_BEYOND_XML) for guest in arriving]
        # each guest has a pidfile, and a new status file is written beside the old one
        needed |= {STATUS: sum(status) + BLOCK * len(status) + max(status), PRIVATE: BLOCK * len(arriving), LOGS: 0}
    return needed


def _in_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _on_destination(place: PathStatus, needed: int) -> Iterator[Finding]:
    path = place.path
    if place.read_only:
        yield on_destination(f"{path} is on {place.fs_source}, which is read-only", error="Read-only file system")
    elif not needed:
        return
    elif place.fs_free is None:
        raise Unreadable(f"the free space for {path} is unknown")
    elif not place.fs_takes_files:
        yield on_destination(
            f"{place.fs_source}, which holds {path}, has no free inodes (df -i)",
            error=QEMU_ENDED if path == STATUS else NO_SPACE,
        )
    elif place.fs_free < (needed := _with_directories(place, needed)):
        yield on_destination(
            f"{place.fs_source}, which holds {path}, has {place.fs_free // KIB} KiB free,"
            f" but the migration writes {needed // KIB} KiB there",
            error=_full(place, place.fs_free),
        )
    elif place.fs_free < LITTLE:
        yield on_destination(
            f"{place.fs_source}, which holds {path}, has only {place.fs_free // KIB} KiB free",
            severity=Severity.WARNING,
        )


def _with_directories(place: PathStatus, needed: int) -> int:
    """Add the key's own directory and the one for channels: they take blocks on ext4 (seen), and none on tmpfs."""
    return 3 * needed if place.path == PRIVATE and place.fs_type != "tmpfs" else needed


def _full(place: PathStatus, free: int) -> str:
    """Return libvirt's message if only `free` bytes are left, fewer than needed."""
    if place.path == PRIVATE and (place.fs_type == "tmpfs" or free >= 2 * BLOCK):
        return "failed to write master key file for domain"
    return QEMU_ENDED if place.path == STATUS and free < BLOCK else NO_SPACE
