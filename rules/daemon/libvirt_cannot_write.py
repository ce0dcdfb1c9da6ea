"""A file system on which libvirt keeps what it knows of guests is full or read-only.

Why it matters
    For each guest that arrives libvirt writes its status to /run/libvirt/qemu, a key to /var/lib/libvirt/qemu, a log to
    /var/log/libvirt/qemu and, where the guest is defined there, its definition to /etc/libvirt/qemu. Without room, or
    on a file system that went read-only after an error, that ends the migration: "cannot write data to file
    '/run/libvirt/qemu/web.xml.new': No space left on device", "failed to write master key file for domain", "Cannot
    create directory '/var/lib/libvirt/qemu/domain-1-web': Read-only file system". On the source nothing shows: the
    definition that cannot be taken away from a read-only /etc/libvirt/qemu is there again after the daemon's next
    start, as a guest that is off, and with autostart it then runs on both hosts.

How to fix
    Make room (df, df -i). Where the file system is read-only, find out why first (dmesg), then mount -o remount,rw.
"""

from collections.abc import Iterator

from preflight.facts import Storage
from preflight.facts.daemon import DEFINITIONS, LOGS, PRIVATE, STATUS
from preflight.facts.storage import PathStatus
from preflight.host import Guest, Judged
from preflight.rule import Finding, Findings, Migration, Severity, Unreadable, on_destination, on_source, rule

KIB = 1024
#: Bytes in which file systems usually give room away.
BLOCK = 4 * KIB
#: Bytes by which a guest's status is larger than its XML: what QEMU can do, and what was done to it. Seen with 9.0.
STATUS_BEYOND_XML = 8 * KIB
#: Bytes below which the room is called little.
LITTLE = 1024 * KIB
NO_SPACE = "No space left on device"
#: How libvirt's message ends where QEMU could not write its pidfile.
QEMU_ENDED = "unexpected exit status 1"


@rule(
    Severity.ERROR,
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
    leaving = migration.undefinesource and any(guest.persistent for guest in defined)
    if leaving and source.look(DEFINITIONS).read_only:
        yield on_source(f"{DEFINITIONS} is read-only: what is undefined here is back after the daemon's next start")
    if unknown is not None:
        raise unknown


def _is_defined(guest: Guest, migration: Migration) -> bool:
    """Whether the guest is defined on the destination."""
    return guest.persistent if migration.persistent is None else migration.persistent


def _needed(arriving: list[Guest], defined: list[Guest]) -> dict[str, int]:
    """Bytes that are written, by directory; to a log nothing has to be written, but it is opened."""
    needed = {DEFINITIONS: BLOCK * len(defined)} if defined else {}
    if arriving:
        status = [_in_blocks(len(guest.xml.encode()) + STATUS_BEYOND_XML) for guest in arriving]
        # each with a pidfile; and a status is written anew beside the old one
        needed |= {STATUS: sum(status) + BLOCK * len(status) + max(status), PRIVATE: BLOCK * len(arriving), LOGS: 0}
    return needed


def _in_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _on_destination(place: PathStatus, needed: int) -> Iterator[Finding]:
    path = place.path
    if place.read_only:
        yield on_destination(f"{path} is on {place.fs_source}, which is read-only here", error="Read-only file system")
    elif not needed:
        return
    elif place.fs_free is None:
        raise Unreadable(f"how much room there is for {path} was not told")
    elif not place.fs_takes_files:
        yield on_destination(
            f"{place.fs_source}, which {path} is on, has no file left to give (df -i)",
            error=QEMU_ENDED if path == STATUS else NO_SPACE,
        )
    elif place.fs_free < (needed := _with_directories(place, needed)):
        yield on_destination(
            f"{place.fs_source}, which {path} is on, has {place.fs_free // KIB} KiB left;"
            f" {needed // KIB} KiB are written there",
            error=_full(place, place.fs_free),
        )
    elif place.fs_free < LITTLE:
        yield on_destination(
            f"{place.fs_source}, which {path} is on, has {place.fs_free // KIB} KiB left", severity=Severity.WARNING
        )


def _with_directories(place: PathStatus, needed: int) -> int:
    """The key lies in a directory of its own, and there is one for channels: seen on ext4, for tmpfs they are free."""
    return 3 * needed if place.path == PRIVATE and place.fs_type != "tmpfs" else needed


def _full(place: PathStatus, free: int) -> str:
    """What libvirt says where there is less room than is needed, `free` bytes."""
    if place.path == PRIVATE and (place.fs_type == "tmpfs" or free >= 2 * BLOCK):
        return "failed to write master key file for domain"
    return QEMU_ENDED if place.path == STATUS and free < BLOCK else NO_SPACE
