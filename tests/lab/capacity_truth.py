"""`make capacity-truth`: how many migrations really run together, and how many are refused, beside what was predicted.

Each cell sets limits on two real hosts, asks preflight, then starts migrations that are too slow to end and counts
what arrived at the destination. Those started a second apart show what can be in flight; those started at the same
instant show what sshd and the daemons take of a burst; those started over one connection show how many calls it bears.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

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
    #: Commands on either host before the daemon is restarted.
    source_first: tuple[str, ...] = ()
    destination_first: tuple[str, ...] = ()
    mode: Literal["managed", "p2p", "tunnelled"] = "managed"
    transport: Literal["ssh", "tcp"] = "ssh"
    #: Whether each guest has its own disk, which is copied.
    copy: bool = False
    started: int = 5
    start: Literal["spaced", "at once", "one connection", "one login"] = "spaced"
    #: Whether as many are started the other way.
    both_ways: bool = False


def _clients(number: int) -> tuple[str, ...]:
    return (f"max_clients = {number}", f"max_anonymous_clients = {min(number, 20)}")


def _workers(number: int) -> tuple[str, ...]:
    return (f"max_workers = {number}", f"min_workers = {min(number, 5)}")


def _ports(first: int, last: int) -> tuple[str, ...]:
    return (f"migration_port_min = {first}", f"migration_port_max = {last}")


#: What makes the daemon listen on TCP, and the limit that several migrations over one connection or login meet.
TCP = ('auth_tcp = "none"',)
LISTEN = ("systemctl stop 'libvirtd*'; systemctl start libvirtd-tcp.socket",)
REQUESTS = ("max_client_requests = 3",)
SESSIONS = "10:30:100\nMaxSessions 2"
FEW_FILES = (
    "mkdir -p /etc/systemd/system/libvirtd.service.d;"
    " printf '[Service]\\nLimitNOFILE={}\\n' >/etc/systemd/system/libvirtd.service.d/x.conf; systemctl daemon-reload"
)

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
    Cell(title="source: max_anonymous_clients 1", source=("max_anonymous_clients = 1",), start="at once", started=8),
    Cell(
        title="destination: max_anonymous_clients 1, over TCP",
        destination=("max_anonymous_clients = 1", *TCP),
        destination_first=LISTEN,
        transport="tcp",
        start="at once",
        started=8,
    ),
    Cell(
        title="destination: max_clients 3, max_queued_clients 1",
        destination=(*_clients(3), "max_queued_clients = 1"),
        started=6,
    ),
    Cell(
        title="destination: max_clients 3, max_queued_clients 1, over TCP",
        destination=(*_clients(3), "max_queued_clients = 1", *TCP),
        destination_first=LISTEN,
        transport="tcp",
        started=6,
    ),
    Cell(title="one connection, max_client_requests 5", start="one connection", started=4),
    Cell(title="one connection, max_client_requests 5", start="one connection", started=5),
    Cell(title="one connection, max_client_requests 3", source=REQUESTS, start="one connection", started=2),
    Cell(title="one connection, max_client_requests 3", source=REQUESTS, start="one connection", started=3),
    Cell(title="one connection, max_client_requests 3", source=REQUESTS, start="one connection", started=2, mode="p2p"),
    Cell(title="one login, MaxSessions 2", source_sshd=SESSIONS, destination_sshd=SESSIONS, start="one login"),
    Cell(title="both ways: max_clients 6", source=_clients(6), destination=_clients(6), both_ways=True, started=3),
    Cell(title="both ways: max_clients 6", source=_clients(6), destination=_clients(6), both_ways=True, started=6),
    Cell(title="both ways: max_workers 3", source=_workers(3), destination=_workers(3), both_ways=True, started=2),
    Cell(title="both ways: max_workers 3", source=_workers(3), destination=_workers(3), both_ways=True, started=4),
    Cell(title="destination: 52 open files", destination_first=(FEW_FILES.format(52),)),
    Cell(title="destination: 62 open files", destination_first=(FEW_FILES.format(62),), started=6),
    Cell(
        title="destination: lockd, max_clients 3",
        destination_first=(
            "echo 'lock_manager = \"lockd\"' >>/etc/libvirt/qemu.conf",
            "printf 'max_clients = 3\\n' >>/etc/libvirt/virtlockd.conf",
        ),
    ),
)


class Seen(Struct, frozen=True):
    """The prediction for a cell, and what happened."""

    predicted: int | None
    burst: int | None
    limited_by: str
    together: int
    refused: int
    shared: int | None
    message: str

    def agrees(self, cell: Cell) -> bool:
        """Report whether the prediction was right."""
        if self.predicted is None or self.burst is None:
            return False
        if cell.start == "one connection":
            assert self.shared is not None
            all_run = cell.started <= self.shared
            return (self.together, self.refused) == ((cell.started, 0) if all_run else (0, cell.started))
        if cell.both_ways and cell.started > self.predicted:
            return self.together < self.predicted  # those of one way keep the others from starting
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
            found = (seen.predicted, seen.burst, seen.shared, seen.limited_by, seen.together, seen.refused)
            rows.append((*asked, *found, "yes" if agrees else "NO", seen.message[:60]))
            print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
            for host in lab.hosts.values():
                host.changed = True
    heads = ("limits", "mode", "started", "how", "in flight", "burst", "shared", "limited by", "together", "refused")
    print("\n" + tabulate(rows, (*heads, "agrees", "error"), tablefmt="simple"))
    print(f"\n{len(rows) - wrong} of {len(rows)} cells went as predicted")
    return int(wrong > 0)


def _try(lab: Lab, cell: Cell) -> Seen:
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    _configure(source, cell.source_first, cell.source, (), cell.source_sshd)
    _configure(destination, cell.destination_first, cell.destination, cell.qemu, cell.destination_sshd)
    if cell.start == "one login":
        shared = "\nControlMaster auto\nControlPath ~/.ssh/%C\nControlPersist 60\n"
        (lab.client.ssh_path / "config").write_text(f"Host *{shared}")
    there = [f"g{number}" for number in range(cell.started)]
    back = [f"b{number}" for number in range(cell.started)] if cell.both_ways else []
    _make(source, destination, there, copy=cell.copy)
    _make(destination, source, back, copy=cell.copy)
    predicted = _predicted(lab, cell)
    running = list(_start(lab, cell, there, back))
    # one connection that is not read any more is closed after half a minute
    time.sleep(SETTLE if cell.start != "one connection" else 40)
    ended = [process for process in running if process.poll() is not None]
    together = _together(destination, cell)
    if cell.both_ways:
        together = min(together, _together(source, cell))
    messages = [process.stderr.read() for process in ended if process.stderr is not None]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_end, running))
    (lab.client.ssh_path / "config").unlink(missing_ok=True)
    limited = predicted["limited_by"] or {"name": "", "host": ""}
    return Seen(
        predicted["in_flight"],
        predicted["burst"],
        f"{limited['name']}, {limited['host']}",
        together,
        cell.started if cell.start == "one connection" and ended else len(ended),
        predicted["over_one_connection"],
        " ".join(messages[0].split()) if messages else "",
    )


def _make(host: LabHost, other: LabHost, names: list[str], *, copy: bool) -> None:
    def make(name: str) -> None:
        host.guest(name, memory_mib=32, dirty_mib_per_s=DIRTY, disk="local" if copy else "readonly")
        if copy:  # an image of the same size, which the copy fills
            other.run("truncate", "-s", str(MIB), f"/var/lib/libvirt/images/{name}.img")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, names))


def _predicted(lab: Lab, cell: Cell) -> dict[str, Any]:
    asked = [PREFLIGHT, "capacity", SOURCE, DESTINATION, "--format", "json", "--transport", cell.transport]
    asked += [*CHECK[cell.mode], *(["--copy-storage"] if cell.copy else [])]
    asked += ["--both-ways"] if cell.both_ways else []
    told: dict[str, Any] = json.loads(lab.client.run(asked).stdout)
    return told


def _start(lab: Lab, cell: Cell, there: list[str], back: list[str]) -> Iterator["subprocess.Popen[str]"]:
    here, over = f"qemu+ssh://root@{SOURCE}/system", f"qemu+{cell.transport}://root@{DESTINATION}/system"
    if cell.transport == "tcp":
        over = f"qemu+tcp://{DESTINATION}/system"
    if cell.start == "one connection":
        driver = [sys.executable, "-m", "tests.lab.one_connection", cell.mode, here, over, str(SLOW), *there]
        yield lab.client.popen(driver, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return
    options = [*VIRSH[cell.mode], *(["--copy-storage-all"] if cell.copy else []), "--bandwidth", str(SLOW)]
    pairs = [(name, here, over) for name in there] + [(name, over, here) for name in back]
    for name, from_uri, to_uri in pairs:
        words = ["virsh", "-q", "-c", from_uri, "migrate", "--live", *options, name, to_uri]
        yield lab.client.popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0 if cell.start == "at once" else SPACE)


def _together(destination: LabHost, cell: Cell) -> int:
    """Migrations that send memory now; a guest that was only prepared for waits for its connection."""
    if cell.mode == "tunnelled":
        return int(destination.run("sh", "-c", "pgrep -c qemu-system || true").stdout)
    established = destination.run("ss", "-Htn", "state", "established", "sport >= 49152 and sport <= 49215").stdout
    return len(established.splitlines()) // (2 if cell.copy else 1)


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def _configure(
    host: LabHost, first: tuple[str, ...], daemon: tuple[str, ...], qemu: tuple[str, ...], startups: str
) -> None:
    if daemon:
        host.append("/etc/libvirt/libvirtd.conf", "".join(f"{line}\n" for line in daemon))
    if qemu:
        host.append("/etc/libvirt/qemu.conf", "".join(f"{line}\n" for line in qemu))
    for command in first:
        host.run("sh", "-c", command)
    if daemon or qemu or first:
        host.run("systemctl", "restart", "libvirtd")
    if startups:
        host.write("/etc/ssh/sshd_config.d/limits.conf", f"MaxStartups {startups}\n")
        host.run("systemctl", "reload", "ssh")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
