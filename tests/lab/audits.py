"""`make audit-truth`: an audit of five hosts with different faults, and what virsh then does on ways that are drawn.

Each drawn way is one of a guest: virsh migrates it, and afterwards it is back where it was. What `preflight audit` said
of the guest on that way must be what happened.
"""

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tabulate import tabulate

from . import Lab, LabHost
from .recipes import ImageName

PREFLIGHT: Final = str(Path(sys.executable).with_name("preflight"))
HOSTS: Final[tuple[ImageName, ...]] = ("bookworm", "bookworm", "bookworm", "trixie", "bullseye")
GUESTS: Final = 4
"""Guests of each host."""
WAYS: Final = int(os.environ.get("AUDIT_WAYS", "40"))
SEED: Final = 1
REJECT: Final = """
table inet f {
  chain in {
    type filter hook input priority 0;
    tcp dport 49152-49215 reject
  }
}
"""


def main() -> int:
    """Compare the audit with virsh; 1 where they disagree on a way."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "audit")) as lab:
        lab.up(HOSTS)
        hosts = list(lab.hosts.values())
        for host in hosts:
            _furnish(host)
        _break(hosts)
        document = _audit(lab, hosts)
        rows = list(_compared(lab, hosts, document))
    print(tabulate(rows, headers=("guest", "from", "to", "audit", "virsh", "message"), disable_numparse=True))
    wrong = [row for row in rows if (row[3], row[4]) not in (("ready", "moved"), ("not-ready", "failed"))]
    open_ = [row for row in wrong if row[3] == "undetermined"]
    print(f"\n{len(rows)} ways: {len(rows) - len(wrong)} as the audit said, {len(open_)} undetermined")
    return int(len(wrong) > len(open_))


def _furnish(host: LabHost) -> None:
    """Give a host its guests: two usual ones, one whose disk no other host has, and one of a machine of its own."""
    for number in range(1, GUESTS + 1):
        local = number == GUESTS
        host.guest(f"{host.name}-{number}", disk="local" if local else "readonly")


def _break(hosts: list[LabHost]) -> None:
    """Give each host but the first a fault of its own."""
    _, filtered, unnamed, _, _ = hosts
    filtered.run("nft", "-f", "/dev/stdin", input=REJECT)
    # this host knows the first one by a name that leads nowhere
    first = hosts[0]
    kept = [line for line in unnamed.read("/etc/hosts").splitlines() if first.fqdn not in line]
    unnamed.write("/etc/hosts", "\n".join([*kept, f"192.0.2.99 {first.fqdn} {first.name}"]) + "\n")


def _audit(lab: Lab, hosts: list[LabHost]) -> dict[str, Any]:
    words = [PREFLIGHT, "audit", *(f"root@{host.fqdn}" for host in hosts), "--format", "json"]
    done = lab.client.run(words, timeout=300)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _compared(lab: Lab, hosts: list[LabHost], document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    verdicts = dict(_verdicts(document, len(hosts)))
    drawn = random.Random(SEED).sample(sorted(verdicts), min(WAYS, len(verdicts)))
    for guest, source, destination in drawn:
        said = _migrate(lab, guest, hosts[source], hosts[destination])
        is_there = guest in hosts[destination].run("virsh", "-q", "list", "--name").stdout.split()
        if is_there:
            _bring_back(guest, hosts[source], hosts[destination])
        row = (guest, hosts[source].name, hosts[destination].name, verdicts[guest, source, destination])
        yield (*row, "moved" if is_there else "failed", "" if is_there else said[:90])
        print(*row, "moved" if is_there else f"failed: {said}", flush=True)


def _verdicts(document: dict[str, Any], hosts: int) -> Iterator[tuple[tuple[str, int, int], str]]:
    """Yield what the audit says of each guest on each way."""
    for guest in document["guests"]:
        for destination in range(hosts):
            if destination != guest["host"]:
                is_open = destination in guest["undetermined"]
                said = "ready" if destination in guest["ready"] else "undetermined" if is_open else "not-ready"
                yield (guest["name"], guest["host"], destination), said


def _migrate(lab: Lab, guest: str, source: LabHost, destination: LabHost) -> str:
    uris = [f"qemu+ssh://root@{host.fqdn}/system" for host in (source, destination)]
    words = ["virsh", "-q", "-c", uris[0], "migrate", "--live", "--persistent", "--undefinesource", guest, uris[1]]
    done = lab.client.run(words, timeout=120, check=False)
    return " ".join((done.stderr.strip().splitlines() or [""])[-1].split())


def _bring_back(guest: str, source: LabHost, destination: LabHost) -> None:
    definition = destination.run("virsh", "dumpxml", "--inactive", "--migratable", guest).stdout
    destination.run("virsh", "destroy", guest)
    destination.run("virsh", "undefine", guest)
    source.run("virsh", "define", "/dev/stdin", input=definition)
    source.run("virsh", "start", guest)


if __name__ == "__main__":
    sys.exit(main())
