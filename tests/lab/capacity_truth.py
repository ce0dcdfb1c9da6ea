"""`make capacity-truth`: how many migrations really run together, and how many are refused, beside what was predicted.

Each cell sets limits on two real hosts, asks preflight, then starts migrations that are too slow to end and counts
what arrived at the destination. Those started a second apart show what can be in flight; those started at the same
instant show what sshd and the daemons take of a burst.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from msgspec import Struct
from tabulate import tabulate

from . import Lab
from .guest import MIB
from .host import LabHost

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
#: Seconds from one start to the next where they are spaced.
SPACE = 0.7
#: Seconds after the last start until all that can run does.
SETTLE = 7.0
#: MiB/s that each migration may send, less than the guests dirty: none ends by itself.
SLOW = 2
DIRTY = 6


class Cell(Struct, frozen=True, kw_only=True):
    """Limits on both hosts, and how many migrations are started there in which way."""

    title: str
    #: Lines of libvirtd.conf at either end, of the destination's qemu.conf, and of sshd_config at either end.
    source: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    qemu: tuple[str, ...] = ()
    source_sshd: str = ""
    destination_sshd: str = ""
    mode: Literal["managed", "p2p", "tunnelled"] = "managed"
    #: Whether each guest has a disk of its own, which is copied.
    copy: bool = False
    started: int = 5
    start: Literal["spaced", "at once"] = "spaced"


def _clients(number: int) -> tuple[str, ...]:
    return (f"max_clients = {number}", f"max_anonymous_clients = {min(number, 20)}")


def _workers(number: int) -> tuple[str, ...]:
    return (f"max_workers = {number}", f"min_workers = {min(number, 5)}")


def _ports(first: int, last: int) -> tuple[str, ...]:
    return (f"migration_port_min = {first}", f"migration_port_max = {last}")


#: What a mode and storage are called by preflight and by virsh.
CHECK = {"managed": (), "p2p": ("--p2p",), "tunnelled": ("--tunnelled",)}
VIRSH = {"managed": (), "p2p": ("--p2p",), "tunnelled": ("--p2p", "--tunnelled")}

GRID = (
    Cell(title="as installed", started=6),
    Cell(title="source: max_workers 6", source=_workers(6), started=8),
    Cell(title="source: max_workers 3", source=_workers(3)),
    Cell(title="source: max_workers 3", source=_workers(3), mode="p2p"),
    Cell(title="source: max_workers 3", source=_workers(3), mode="tunnelled"),
    Cell(title="destination: max_workers 1", destination=_workers(1)),
    Cell(title="destination: max_workers 1", destination=_workers(1), mode="p2p"),
    Cell(title="source: max_clients 3", source=_clients(3)),
    Cell(title="destination: max_clients 3", destination=_clients(3)),
    Cell(title="destination: max_clients 3", destination=_clients(3), mode="p2p"),
    Cell(title="destination: max_clients 3", destination=_clients(3), mode="tunnelled"),
    Cell(title="source: max_client_requests 1", source=("max_client_requests = 1",)),
    Cell(title="destination: max_client_requests 1", destination=("max_client_requests = 1",)),
    Cell(title="destination: 3 ports", qemu=_ports(49152, 49154)),
    Cell(title="destination: 3 ports", qemu=_ports(49152, 49154), mode="p2p"),
    Cell(title="destination: 2 ports", qemu=_ports(49152, 49153), mode="tunnelled"),
    Cell(title="destination: 5 ports, storage copied", qemu=_ports(49152, 49156), copy=True),
    Cell(title="destination: MaxStartups 1:100:1", destination_sshd="1:100:1"),
    Cell(title="destination: MaxStartups 1:100:1", destination_sshd="1:100:1", start="at once"),
    Cell(title="source: MaxStartups 1:100:1", source_sshd="1:100:1", start="at once"),
    Cell(title="destination: MaxStartups 4:100:4", destination_sshd="4:100:4", started=4, start="at once"),
    Cell(title="destination: MaxStartups 4:100:4", destination_sshd="4:100:4", started=12, start="at once"),
    Cell(title="destination: MaxStartups 4:100:4", destination_sshd="4:100:4", started=4, start="at once", mode="p2p"),
    Cell(title="destination: MaxStartups 4:100:4", destination_sshd="4:100:4", started=12, start="at once", mode="p2p"),
    Cell(title="MaxStartups 10:30:100, the default", started=10, start="at once"),
    Cell(
        title="destination: PerSourceMaxStartups 2",
        destination_sshd="10:30:100\nPerSourceMaxStartups 2",
        start="at once",
        started=8,
    ),
)


class Seen(Struct, frozen=True):
    """What was predicted of a cell and what happened."""

    predicted: int | None
    burst: int | None
    limited_by: str
    together: int
    refused: int
    message: str

    def agrees(self, cell: Cell) -> bool:
        """Whether it went as predicted."""
        if self.predicted is None or self.burst is None:
            return False
        if cell.start == "at once":
            return (self.refused > 0) == (cell.started > self.burst)
        return self.together == min(cell.started, self.predicted)


def main(titles: Iterable[str] = ()) -> int:
    """Try the cells whose title begins with one of `titles`, all without; say 1 where one went another way."""
    chosen = [cell for cell in GRID if not titles or cell.title.startswith(tuple(titles))]
    rows, wrong = [], 0
    with Lab(os.environ.get("PREFLIGHT_LAB", "capacity")) as lab:
        for cell in chosen:
            lab.up(["bookworm", "bookworm"])
            seen = _try(lab, cell)
            agrees = seen.agrees(cell)
            wrong += not agrees
            asked = (cell.title, cell.mode, cell.started, cell.start)
            found = (seen.predicted, seen.burst, seen.limited_by, seen.together, seen.refused)
            rows.append((*asked, *found, "yes" if agrees else "NO", seen.message[:60]))
            print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
            for host in lab.hosts.values():
                host.changed = True
    heads = ("limits", "mode", "started", "how", "in flight", "burst", "limited by", "together", "refused", "agrees")
    print("\n" + tabulate(rows, (*heads, "error"), tablefmt="simple"))
    print(f"\n{len(rows) - wrong} of {len(rows)} cells went as predicted")
    return int(wrong > 0)


def _try(lab: Lab, cell: Cell) -> Seen:
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    _configure(source, cell.source, (), cell.source_sshd)
    _configure(destination, cell.destination, cell.qemu, cell.destination_sshd)
    names = [f"g{number}" for number in range(cell.started)]

    def make(name: str) -> None:
        source.guest(name, memory_mib=32, dirty_mib_per_s=DIRTY, disk="local" if cell.copy else "readonly")
        if cell.copy:  # an image of the same size, which the copy fills
            destination.run("truncate", "-s", str(MIB), f"/var/lib/libvirt/images/{name}.img")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, names))
    copied = ("--copy-storage",) if cell.copy else ()
    asked = lab.client.run([PREFLIGHT, "check", SOURCE, DESTINATION, "--format", "json", *CHECK[cell.mode], *copied])
    predicted = json.loads(asked.stdout)["capacity"]
    limited = predicted["limited_by"] or {"name": "", "host": ""}
    words = [*lab.client.entering(), "virsh", "-q", "-c", f"qemu+ssh://root@{SOURCE}/system", "migrate", "--live"]
    words += [*VIRSH[cell.mode], *(["--copy-storage-all"] if cell.copy else []), "--bandwidth", str(SLOW)]
    running = []
    for name in names:
        running.append(
            subprocess.Popen(
                [*words, name, f"qemu+ssh://root@{DESTINATION}/system"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        time.sleep(SPACE if cell.start == "spaced" else 0)
    time.sleep(SETTLE)
    ended = [process for process in running if process.poll() is not None]
    together = _together(destination, cell)
    messages = [process.stderr.read() for process in ended if process.stderr is not None]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_end, running))
    return Seen(
        predicted["concurrent"],
        predicted["burst"],
        f"{limited['name']}, {limited['host']}",
        together,
        len(ended),
        " ".join(messages[0].split()) if messages else "",
    )


def _together(destination: LabHost, cell: Cell) -> int:
    """Migrations that send memory now; a guest that was only prepared for waits for its connection."""
    if cell.mode == "tunnelled":
        return int(destination.run("sh", "-c", "pgrep -c qemu-system || true").stdout)
    established = destination.run("ss", "-Htn", "state", "established", "sport >= 49152 and sport <= 49215").stdout
    return len(established.splitlines()) // (2 if cell.copy else 1)


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def _configure(host: LabHost, daemon: tuple[str, ...], qemu: tuple[str, ...], startups: str) -> None:
    if daemon:
        host.append("/etc/libvirt/libvirtd.conf", "".join(f"{line}\n" for line in daemon))
    if qemu:
        host.append("/etc/libvirt/qemu.conf", "".join(f"{line}\n" for line in qemu))
    if daemon or qemu:
        host.run("systemctl", "restart", "libvirtd")
    if startups:
        host.write("/etc/ssh/sshd_config.d/limits.conf", f"MaxStartups {startups}\n")
        host.run("systemctl", "reload", "ssh")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
