"""Runs rows on the lab: brings hosts into a state, checks them, migrates for real, and keeps what was seen."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Literal

from msgspec.structs import asdict

from tests.lab import Client, Lab, LabHost

from .record import Seen, seen, write
from .row import Row, Step

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
PKI = Path(__file__).with_name("pki.sh")
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
SOURCE_URI = f"qemu+ssh://root@{SOURCE}/system"


def run(lab: Lab, chosen: Mapping[str, Row]) -> Iterator[tuple[str, Row, Seen]]:
    """Each row as it went, a pair of releases after the other."""

    def releases(item: tuple[str, Row]) -> tuple[str, str]:
        return item[1].source, item[1].destination

    for pair, group in groupby(sorted(chosen.items(), key=releases), key=releases):
        lab.up(pair)
        for name, row in group:
            lab.client.reset(list(lab.hosts))
            lab.reset([host for host in lab.hosts.values() if host.is_dirty()])
            try:
                saw = _row(lab, name, row)
            finally:
                for step in row.after:
                    _step(lab, step)
            yield name, row, saw
        lab.down()


def _row(lab: Lab, name: str, row: Row) -> Seen:
    hosts = lab.hosts
    for step in row.before:
        _step(lab, step)
    for guest in row.made:
        hosts["host1"].guest(**asdict(guest))
    for step in row.steps:
        _step(lab, step)
    with tempfile.TemporaryDirectory() as directory:
        saved = Path(directory) / "both.json"
        words = [PREFLIGHT, "check", SOURCE, DESTINATION, "--format", "json", "--save", str(saved), *row.checked_with]
        checked = lab.client.run(words)
        if checked.returncode not in (0, 1, 3):
            raise RuntimeError(f"{name}: preflight ended with {checked.returncode}: {checked.stderr}")
        outcome, message = _migrate(lab.client, hosts["host2"], row)
        saw = seen(json.loads(checked.stdout), outcome, message)
        write(name, saw, saved.read_text(encoding="utf-8"))
    return saw


def _step(lab: Lab, step: Step) -> None:
    where, _, command = step.partition(": ")
    if where == "client":
        lab.client.run(["sh", "-c", command], check=True)
    elif where == "pki":
        made = lab.client.run(["sh", str(PKI), *command.split()])
        if made.returncode != 0:
            raise RuntimeError(f"{step}: {made.stderr}")
    else:
        lab.hosts[where].run("sh", "-c", command)


def _migrate(client: Client, destination: LabHost, row: Row) -> tuple[Literal["moves", "fails"], str]:
    with ThreadPoolExecutor(row.at_once) as pool:
        failed = list(pool.map(lambda guest: _virsh(client, row, guest.name), row.movers))
    told = [why or _absent(destination, row, guest.name) for guest, why in zip(row.movers, failed, strict=True)]
    message = " ".join(filter(None, told))
    return ("fails", message) if message else ("moves", "")


def _virsh(client: Client, row: Row, guest: str) -> str:
    """Migrate one guest; what virsh said when it failed, else nothing."""
    live = ["--live"] if row.live else []
    words = ["virsh", "-q", "-c", SOURCE_URI, "migrate", *live, *row.virsh, guest, row.uri]
    try:
        done = client.run(words, timeout=row.patience)
    except subprocess.TimeoutExpired:
        return row.no_end
    return " ".join(done.stderr.split()) or f"exit code {done.returncode}" if done.returncode else ""


def _absent(destination: LabHost, row: Row, guest: str) -> str:
    """What is wrong where virsh was content and the guest is not there; nothing when it is."""
    words = dict(zip(row.virsh, row.virsh[1:], strict=False))
    there = destination.run("virsh", "domstate", words.get("--dname", guest), check=False).stdout.strip()
    wanted = ("running", "paused") if row.live else ("shut off", "running", "paused")
    return "" if there in wanted else f"virsh reports success, the guest is {there!r} there"
