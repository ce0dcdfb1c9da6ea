"""`make twenty`: 20 guests by `preflight migrate`, beside `xargs -P` over `virsh migrate` at several widths.

With limits as installed. What is refused or lost at 20 at once is counted: that is what one who does not count meets.
"""

import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tabulate import tabulate

from . import Lab, LabHost

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
#: MiB of each of the guests, and MiB/s that each dirties: they have touched all their memory, and keep at it.
SIZES = (32, 64, 96, 128, 256) * 4
DIRTY = 2.0
WIDTHS = (1, 2, 4, 8, 20)
ROUNDS = int(os.environ.get("TWENTY_ROUNDS", "3"))
#: virsh as each of the many calls it.
VIRSH = "virsh -q -c qemu+ssh://root@{source}/system migrate --live --persistent --undefinesource {{}} {destination}"
#: What ssh and libvirt say of a login or a connection that was refused or died.
REFUSED = re.compile(r"kex_exchange_identification|Connection (closed|reset)|keepalive|Not allowed at this time")


def main() -> int:
    """Move them there and back by each way in turn; 1 where preflight lost a login or took longer than the best."""
    with Lab(os.environ.get("PREFLIGHT_LAB", "twenty")) as lab:
        lab.up(["bookworm", "bookworm"])
        ends = (lab.hosts["host1"], lab.hosts["host2"])
        for number, mib in enumerate(SIZES):
            ends[0].guest(f"g{number:02}", memory_mib=mib, dirty_mib_per_s=DIRTY)
        time.sleep(5)  # until they have touched their memory
        ways: dict[str, Callable[[LabHost, LabHost], str]] = {
            f"xargs -P {width}": partial(_xargs, lab, width) for width in WIDTHS
        }
        ways["preflight migrate"] = partial(_preflight, lab)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        lost: dict[str, list[str]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                began = time.monotonic()
                said = way(*ends)
                seconds[name].append(time.monotonic() - began)
                left = ends[0].run("virsh", "-q", "list", "--name").stdout.split()
                refused = [line for line in said.splitlines() if REFUSED.search(line)]
                lost[name] += [f"{len(refused)} refused"] if refused else []
                lost[name] += [f"{len(left)} did not move"] if left else []
                if left:
                    _xargs(lab, 1, *ends)
                ends = ends[::-1]
                print(f"{name}: {seconds[name][-1]:.1f} s {'; '.join(lost[name])}", flush=True)
    table = [
        (name, f"{statistics.median(taken):.1f} s", f"{max(taken):.1f} s", "; ".join(lost[name]) or "nothing")
        for name, taken in seconds.items()
    ]
    print(tabulate(table, headers=("way", "median", "longest", "lost on the way"), disable_numparse=True))
    mine = statistics.median(seconds.pop("preflight migrate"))
    best = min(statistics.median(taken) for name, taken in seconds.items() if not lost[name])
    print(
        f"\npreflight migrate takes {mine:.1f} s, xargs at the best width that loses nothing {best:.1f} s:"
        f" {mine / best:.2f}, at most 1"
    )
    return int(bool(lost["preflight migrate"]) or mine > best)


def _xargs(lab: Lab, width: int, source: LabHost, destination: LabHost) -> str:
    uri = f"qemu+ssh://root@{destination.fqdn}/system"
    virsh = VIRSH.format(source=source.fqdn, destination=uri)
    names = "\n".join(source.run("virsh", "-q", "list", "--name").stdout.split())
    return lab.client.run(["xargs", "-P", str(width), "-I", "{}", "sh", "-c", virsh], input=names, timeout=600).stderr


def _preflight(lab: Lab, source: LabHost, destination: LabHost) -> str:
    words = ["migrate", source.fqdn, destination.fqdn, "--running", "--yes", "--on-error", "continue"]
    words += ["--at-once", os.environ["TWENTY_AT_ONCE"]] if "TWENTY_AT_ONCE" in os.environ else []
    done = lab.client.run([PREFLIGHT, *words], timeout=600)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.stderr


if __name__ == "__main__":
    sys.exit(main())
