"""Five pairs of real hosts, each at two times; what `preflight diff` says of them is kept in differences/.

The older state of each is recorded. The newer one is recorded too, or has the answers that the change gives.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from preflight.answers import Record, SavedHost, Taken
from preflight.commands.diff import State, difference
from preflight.connection import snapshot
from preflight.connection.libvirt import BUILT
from preflight.fleet.difference import Difference
from preflight.request.check_request import Asked
from tests.case import Case, with_startups
from tests.lab.truth.record import read

CASES = Path(__file__).parent / "differences"
_TAKEN = (1_796_000_000, "control.example.com", "anna", "0.1.0")


def of_row(name: str, directory: Path) -> list[SavedHost]:
    """Return the hosts that were recorded for a row of the lab."""
    recorded = read(name)
    assert recorded is not None
    path = directory / "row.json"
    path.write_text(recorded[1])
    return snapshot.read(path)


def hosts_line(_: Path) -> tuple[list[SavedHost], list[SavedHost]]:
    """Somebody commented the destination's line out and added one for a third host."""

    def edit(text: str) -> str:
        return text.replace("192.0.2.12 ", "#192.0.2.12 ") + "192.0.2.14 host4.example.com host4\n"

    return Case().hosts, Case().source("etc.hosts", edit).hosts


def startups(_: Path) -> tuple[list[SavedHost], list[SavedHost]]:
    """The destination's sshd accepts half as many logins at a time, by a new file."""
    case = Case()
    file = "\x1f/etc/ssh/sshd_config.d/hardening.conf\nMaxStartups 5:30:100\n"
    with_startups(case.destination, "5:30:100").destination("sshd_config", lambda text: text + file)
    return Case().hosts, case.hosts


def disk_added(_: Path) -> tuple[list[SavedHost], list[SavedHost]]:
    """The guest got a second disk, an image on the source's own file system."""
    path = "/var/lib/libvirt/images/web-data.qcow2"
    disk = (
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>"
        "<target dev='vdb' bus='virtio'/></disk></devices>"
    )
    there = f"path {path}\nstat 81a4 21474836480 2050 131 0:0\nfs ef53 4096 1000 1000 1000 1000 1000\n"
    gone = (
        f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 4096 1000 1000 1000 1000 1000\n"
    )
    case = Case().xml("</devices>", disk)
    case.source("paths", lambda text: text + there).destination("paths", lambda text: text + gone)
    return Case().hosts, case.hosts


def upgrade(directory: Path) -> tuple[list[SavedHost], list[SavedHost]]:
    """The destination got libvirt and QEMU from backports; it was recorded with either, in two rows of one day."""
    source, after = of_row("guests/trixie-to-backports", directory)
    _, before = of_row("guests/backports-to-trixie", directory)
    del before.answers.records[BUILT]  # it was asked about that row's guest
    return [source, before], [source, after]


def bridge_gone(directory: Path) -> tuple[list[SavedHost], list[SavedHost]]:
    """The destination lost the bridge that the guest's interface is on."""
    old, new = of_row("network/bridge-there", directory), of_row("network/bridge-there", directory)
    records = new[1].answers.records
    for name in ("links", "addresses"):
        kept = [line for line in records[name].out.splitlines(keepends=True) if " br9" not in line]
        records[name] = Record("".join(kept))
    return old, new


#: The pair of which every format is kept.
IN_EACH_FORMAT = "hosts-line"
#: Each pair, with the options of the comparison.
DIFFERENCES: Mapping[str, tuple[Callable[[Path], tuple[list[SavedHost], list[SavedHost]]], dict[str, Any]]] = {
    "hosts-line": (hosts_line, {}),
    "startups": (startups, {"concurrency": 8}),
    "disk-added": (disk_added, {}),
    "upgrade": (upgrade, {}),
    "bridge-gone": (bridge_gone, {}),
}


def found(name: str, directory: Path) -> Difference:
    """Return what differs between the two states of a pair."""
    make, options = DIFFERENCES[name]
    old, new = make(directory)
    monday = State(Path("monday.json"), tuple(old))
    sunday = State(Path("sunday.json"), tuple(host._replace(made=Taken(*_TAKEN)) for host in new))
    return difference(monday, sunday, Asked("", **options))
