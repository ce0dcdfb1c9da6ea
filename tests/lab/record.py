"""Records hosts for the tests that need none: boots the lab, brings it into each state, and takes snapshots."""

import os
import sys
from pathlib import Path

from . import Lab, LabHost

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
CASES = Path(__file__).parent.parent / "cases"


def main() -> int:
    """Write tests/cases again."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "record")) as lab:
        lab.up(["bookworm", "bookworm", "trixie"])
        source, destination, newer = lab.hosts.values()
        source.guest("web", disk="nbd")
        record(lab, "ready", source, destination)
        hosts = source.read("/etc/hosts")
        source.write("/etc/hosts", without(hosts, destination.fqdn))
        record(lab, "hosts-line-gone", source, destination)
        source.write("/etc/hosts", hosts)
        newer.guest("new", disk="nbd")
        record(lab, "newer", newer)
    return 0


def without(hosts: str, name: str) -> str:
    """Return a hosts file without the lines that name a host."""
    return "".join(line for line in hosts.splitlines(keepends=True) if name not in line)


def record(lab: Lab, case: str, *hosts: LabHost) -> None:
    """Take a snapshot of each host into tests/cases/CASE."""
    (CASES / case).mkdir(parents=True, exist_ok=True)
    for host in hosts:
        path = CASES / case / f"{host.name}.json"
        lab.client.run([PREFLIGHT, "snapshot", host.fqdn, "-o", str(path), "--overwrite"], check=True)
        path.chmod(0o644)


if __name__ == "__main__":
    sys.exit(main())
