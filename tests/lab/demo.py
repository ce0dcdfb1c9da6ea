"""`make demo`: the main job on two real hosts, from a READY report to a guest that has moved.

Where the lab cannot run it says why, and judges a pair of snapshots that was taken from it.
"""

import os
import subprocess
import sys
from pathlib import Path

from . import Lab, LabError, LabUnavailable, unavailable

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SNAPSHOTS = Path(__file__).parent.parent / "cases"
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"


def main() -> int:
    """Run the demonstration; 0 when everything came out as it should."""
    reason = unavailable()
    if reason is not None:
        print(f"SKIPPED: no real hosts here: {reason}")
        print("What follows is the same check on hosts that the lab had, from their snapshots.\n")
        return without_hosts()
    with Lab(os.environ.get("PREFLIGHT_LAB", "demo")) as lab:
        try:
            say("booting two hosts: Debian 12 with systemd, sshd, libvirtd and KVM, in namespaces of their own")
            lab.up(["bookworm", "bookworm"])
            return with_hosts(lab)
        except (LabError, LabUnavailable) as why:
            print(f"the lab failed: {why}", file=sys.stderr)
            return 1


def with_hosts(lab: Lab) -> int:
    """Walk the whole path on real hosts; return the number of steps that went wrong."""
    wrong = 0
    source = lab.hosts["host1"]
    source.guest("web", memory_mib=256, dirty_mib_per_s=40)
    say("is the pair ready?")
    wrong += preflight(lab, 0, "check", SOURCE, DESTINATION, "--concurrency", "10")
    say(f"the line for {DESTINATION} is taken out of the source's /etc/hosts")
    whole = source.read("/etc/hosts")
    source.write("/etc/hosts", "".join(line for line in whole.splitlines(keepends=True) if DESTINATION not in line))
    wrong += preflight(lab, 1, "check", SOURCE, DESTINATION)
    say("it is put back, and a guest that runs is migrated")
    source.write("/etc/hosts", whole)
    wrong += preflight(lab, 0, "migrate", SOURCE, DESTINATION, "web", "--yes")
    say("what libvirt says on either side")
    for host in lab.hosts.values():
        print(f"$ virsh list --all   # on {host.fqdn}", flush=True)
        listed = host.run("virsh", "list", "--all").stdout
        print(listed.strip() + "\n", flush=True)
        wrong += ("web" in listed) is not (host.fqdn == DESTINATION)
    say("the hosts are taken down")
    return 1 if wrong else 0


def without_hosts() -> int:
    """Run only the check, on recorded hosts."""
    wrong = 0
    for case, code in (("ready", 0), ("hosts-line-gone", 1)):
        command = ("check", str(SNAPSHOTS / case / "host1.json"), str(SNAPSHOTS / case / "host2.json"))
        print(f"$ preflight {' '.join(command)}", flush=True)
        wrong += subprocess.run([PREFLIGHT, *command], check=False).returncode != code
        print()
    return 1 if wrong else 0


def preflight(lab: Lab, code: int, *words: str) -> int:
    """Run preflight in the lab's client; 0 when it ends with `code`."""
    print(f"$ preflight {' '.join(words)}", flush=True)
    ended = subprocess.run([*lab.client.entering(), PREFLIGHT, *words], check=False).returncode
    print(f"exit code {ended}\n", flush=True)
    if ended != code:
        print(f"WRONG: exit code {code} was expected", file=sys.stderr)
    return int(ended != code)


def say(text: str) -> None:
    """Announce a step."""
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
