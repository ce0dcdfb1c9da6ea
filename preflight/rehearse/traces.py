"""The traces of a guest on the destination, before and after its rehearsal."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.fact import Unreadable
from preflight.facts.storage.pools import Pools
from preflight.facts.text.xml import parse_xml
from preflight.grammar import UUID
from preflight.host import Guest, Host
from preflight.migrate.root_shell import FilesError, Shell, as_root, complaint
from preflight.migrate.state_files import states
from preflight.request.check_request import Migration
from preflight.shell_text import of_file, shell
from preflight.units import KIB

_SCRIPTS: Final = Path(__file__).parent / "scripts"
_LINE = re.compile(
    r"(process|tap) (\S{1,64})|room (\d{1,9}) (\d{1,18})|there (\d{1,9}) (\d{1,10}:\d{1,10}:[0-7]{1,4}) (\S{1,32})"
)
#: The first octet of a tap's address, in place of the card's (virNetDevTapCreateInBridgePort, libvirt 9.0).
_TAP: Final = "fe"
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class Copy(Struct, frozen=True):
    """A disk that is copied, by its name inside the guest, and the image on the destination that it is copied into."""

    target: str
    path: str


class Marks(Struct, frozen=True, kw_only=True):
    """A guest's memory, and the places on the destination where its rehearsal may leave something."""

    uuid: str
    #: Bytes of memory that the guest has, at least.
    memory: int = 0
    #: Images into which disks are copied, and other files: the firmware's variables, the directory of the TPM's state.
    copies: tuple[Copy, ...] = ()
    files: tuple[str, ...] = ()
    tpm: str | None = None
    #: Images that both hosts use.
    images: tuple[str, ...] = ()
    #: Addresses that the tap devices of the guest's network cards have.
    cards: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path."""
        return (*(copy.path for copy in self.copies), *self.files, *([self.tpm] if self.tpm else []), *self.images)


class Status(Struct, frozen=True):
    """The owner, the group and the mode of a path, as "0:0:644", and the name of its file system."""

    owner: str
    file_system: str


class Seen(Struct, frozen=True):
    """The traces of a guest on a host at one moment."""

    #: The IDs of its QEMU processes, and the names of its tap devices.
    processes: tuple[str, ...] = ()
    taps: tuple[str, ...] = ()
    #: Owner, group and mode of each path that exists, and the name of its file system, as stat(1) prints them.
    paths: Mapping[str, Status] = {}
    #: Bytes that are free for each image, by path.
    room: Mapping[str, int] = {}


#: Looks for the traces of a guest on the destination; raises `Unreadable`.
Look = Callable[[Marks], Seen]


def marks_of(guest: Guest, destination: Host, migration: Migration) -> Marks:
    """Return the places where the rehearsal of a guest may leave something; raises `Unreadable` if they are unknown."""
    root = parse_xml(guest.xml)
    pools = destination.fact(Pools)
    copies: list[Copy] = []
    for disk in guest.disks:
        if not migration.copies(disk.target, by_default=disk.copied_by_default):
            continue
        path = pools.path(disk)
        if path is None:
            raise Unreadable(f"the image on the destination into which {disk.target} is copied is unknown")
        copies.append(Copy(disk.target, path))
    images = [
        path
        for disk in guest.disks
        if not migration.copies(disk.target, by_default=disk.copied_by_default)
        for path in disk.paths
    ]
    files: list[str] = []
    tpm: str | None = None
    try:
        for state in states(guest.xml, guest.uuid):
            if state.is_directory:
                tpm = state.path
            else:
                files.append(state.path)
    except FilesError as why:
        raise Unreadable(str(why)) from None
    return Marks(
        uuid=guest.uuid,
        memory=min(guest.memory_kib, guest.current_memory_kib) * KIB,
        copies=tuple(copies),
        files=tuple(files),
        tpm=tpm,
        images=tuple(images),
        cards=tuple(_cards(root)),
    )


def look(host: Shell, marks: Marks) -> Seen:
    """Return the traces of a guest on a host that is logged in to; raises `Unreadable`."""
    words = [*(f"path:{path}" for path in marks.paths), *(f"card:{card}" for card in marks.cards)]
    words += (f"room:{copy.path}" for copy in marks.copies)
    answer = host(as_root(str(of_file(_SCRIPTS / "traces.sh")), UUID.of(marks.uuid), *words))
    lines = answer.out.splitlines()
    if answer.code != 0 or not lines or lines[-1] != "end":
        raise Unreadable(f"the destination could not be searched for traces of the guest: {complaint(answer)}")
    return _seen(lines[:-1], marks, len(words))


def _seen(lines: Sequence[str], marks: Marks, words: int) -> Seen:
    processes: list[str] = []
    taps: list[str] = []
    room: dict[str, int] = {}
    paths: dict[str, Status] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unreadable(f"the destination gave an unexpected answer about the guest's traces: {line[:80]}")
        if match[1]:
            (processes if match[1] == "process" else taps).append(match[2])
        elif match[3]:
            place = int(match[3]) - (words - len(marks.copies))
            if 0 <= place < len(marks.copies):
                room[marks.copies[place].path] = int(match[4]) * KIB
        elif int(match[5]) < len(marks.paths):
            paths[marks.paths[int(match[5])]] = Status(match[6], match[7])
    return Seen(tuple(processes), tuple(taps), paths, room)


def remains(marks: Marks, before: Seen, now: Seen, name: str) -> list[str]:
    """Return what is on the destination that was not there before, each with a command that removes or shows it.

    No command ends a process: a process of that number may be another one by the time that somebody runs it.
    """
    show = "ps -fp @one@; virsh domstate --reason @uuid@"
    lines = [
        f"a QEMU process of the guest, {one}; to look at it, on {name}: {shell(show, one=one, uuid=marks.uuid)}"
        for one in now.processes
        if one not in before.processes
    ]
    lines += (f"the tap device {one}" for one in now.taps if one not in before.taps)
    images = {copy.path for copy in marks.copies}
    for path, status in sorted(now.paths.items()):
        if path in before.paths:
            if status.owner != before.paths[path].owner:
                lines.append(
                    f"the owner and mode of {path} on {name}: {before.paths[path].owner} before, {status.owner} now"
                )
        elif path not in marks.images:
            command = (
                "virsh vol-delete @path@" if path in images else "rm -r @path@" if path == marks.tpm else "rm @path@"
            )
            what = "an image" if path in images else "TPM state" if path == marks.tpm else "firmware variables"
            lines.append(f"{what}; on {name}: {shell(command, path=path)}")
    return lines


def _cards(root: Element) -> Sequence[str]:
    told = [(mac.get("address") or "").lower() for mac in root.iterfind("devices/interface/mac")]
    return [f"{_TAP}{address[2:]}" for address in told if _MAC.fullmatch(address)]
