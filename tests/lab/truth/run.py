"""Runs one row in a lab: brings its hosts into a state, checks them, migrates for real, and keeps what was seen."""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from msgspec.structs import asdict

from tests.lab import Client, Lab, LabError, LabHost

from .record import Seen, seen, write
from .row import Row, Step

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
PKI = Path(__file__).with_name("pki.sh")
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
#: Puts a firmware in place of QEMU's own that halts at once. A guest that dirties no memory does no more after its boot
#: either, and where KVM has to emulate the firmware that boot takes seconds of processor time, most of a row's.
HALTING_FIRMWARE = r"""
{ head -c 262128 /dev/zero; printf '\372\364\353\375'; head -c 12 /dev/zero; } > /root/halting
mv /root/halting /usr/share/seabios/bios-256k.bin
"""
SOURCE_URI = f"qemu+ssh://root@{SOURCE}/system"


def run(lab: Lab, name: str, row: Row) -> Seen:
    """The row as it went, in a lab whose hosts have the row's releases; they are clean before, and may not be after.

    Raises LabError when the lab itself did not do what the row asks of it.
    """
    with prepare(lab, row, firmware=any(guest.dirty_mib_per_s for guest in row.made)):
        return _run(lab, name, row)


@contextlib.contextmanager
def prepare(lab: Lab, row: Row, *, firmware: bool = True) -> Iterator[None]:
    """Bring clean hosts into the row's state, and put back afterwards what all hosts share.

    Without `firmware` a guest halts at once. Raises LabError.
    """
    lab.client.reset(list(lab.hosts))
    lab.reset([host for host in lab.hosts.values() if host.is_dirty()])
    try:
        for step in row.before:
            _step(lab, step)
        if not firmware:
            lab.hosts["host1"].run("sh", "-c", HALTING_FIRMWARE)
        for guest in row.made:
            lab.hosts["host1"].guest(**asdict(guest))
        for step in row.steps:
            _step(lab, step)
        yield
    except subprocess.SubprocessError as error:
        raise LabError(str(error)) from error
    finally:
        for step in row.after:
            _step(lab, step)


def _run(lab: Lab, name: str, row: Row) -> Seen:
    with tempfile.TemporaryDirectory() as directory:
        saved = Path(directory) / "both.json"
        words = [PREFLIGHT, "check", SOURCE, DESTINATION, "--format", "json", "--save", str(saved), *row.checked_with]
        checked = lab.client.run(words)
        if checked.returncode not in (0, 1, 3):
            raise LabError(f"preflight ended with {checked.returncode}: {checked.stderr}")
        outcome, message = migrate(lab, row)
        saw = seen(json.loads(checked.stdout), outcome, message)
        write(name, saw, saved.read_text(encoding="utf-8"), {path: Path(path).read_text() for path in row.files})
    return saw


def _step(lab: Lab, step: Step) -> None:
    where, _, command = step.partition(": ")
    if where == "client":
        lab.client.run(["sh", "-c", command], check=True)
    elif where == "pki":
        made = lab.client.run(["sh", str(PKI), *command.split()])
        if made.returncode != 0:
            raise LabError(f"{step}: {made.stderr}")
    else:
        lab.hosts[where].run("sh", "-c", command)


def migrate(lab: Lab, row: Row) -> tuple[Literal["moves", "fails"], str]:
    """Migrate the guests of a row with virsh; return the outcome, and the message of virsh or the fault."""
    client, destination = lab.client, lab.hosts["host2"]
    with ThreadPoolExecutor(row.at_once) as pool:
        failed = list(pool.map(lambda guest: _virsh(client, row, guest.name), row.movers))
    told = [why or _absent(destination, row, guest.name) for guest, why in zip(row.movers, failed, strict=True)]
    message = " ".join(filter(None, told)) or _damage(lab, row)
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
    """Return what is wrong if virsh succeeded and the guest is not there; nothing if it is."""
    words = dict(zip(row.virsh, row.virsh[1:], strict=False))
    there = destination.run("virsh", "domstate", words.get("--dname", guest), check=False).stdout.strip()
    wanted = ("running", "paused") if row.live else ("shut off", "running", "paused")
    return "" if there in wanted else f"virsh reports success, the guest is {there!r} there"


def _damage(lab: Lab, row: Row) -> str:
    """Return the message that is recorded if the guest arrived and what it needs did not; nothing if all is well."""
    for step in row.proof:
        where, _, command = step.partition(": ")
        if lab.hosts[where].run("sh", "-c", command, check=False).returncode != 0:
            return row.damaged
    return ""
