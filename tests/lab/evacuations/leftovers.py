"""What an evacuation must not leave behind on the hosts and where preflight ran."""

import time
from collections.abc import Iterator

from tests.lab import network
from tests.lab.lab import Lab

#: Seconds within which what belongs to a connection that has ended goes by itself, and a login to a silent host, which
#: ends when TCP gives up (tcp_syn_retries of 6).
PATIENCE, TO_SILENT = 20.0, 150.0
#: Prints the listeners at libvirt's ports for migrations, the jobs of guests, and the processes of logins.
LOOK = r"""
ss -Htln 'sport >= 49152 and sport <= 49215' | sed 's/^/port /'
grep -l "<job [^>]*type='[^n]" /run/libvirt/qemu/*.xml 2>/dev/null | sed 's/^/job /'
ps -eo comm= | grep -E '^(nc|virt-ssh-helpe|virsh)$' | sed 's/^/process /'
"""


def on_hosts(lab: Lab) -> Iterator[str]:
    """Yield what is left on hosts once nothing of preflight's runs any more."""
    deadline = time.monotonic() + PATIENCE
    for name, host in lab.hosts.items():
        while (found := host.run("sh", "-c", LOOK, check=False).stdout.splitlines()) and time.monotonic() < deadline:
            time.sleep(1)
        yield from (f"left on {name}: {line}" for line in found)


def in_client(lab: Lab) -> Iterator[str]:
    """Yield each process that a command left where it ran."""
    deadline = time.monotonic() + TO_SILENT
    while (left := network.processes(lab.instance.namespace("client"))) and time.monotonic() < deadline:
        time.sleep(0.5)
    for pid in left:
        yield f"left where preflight ran: {_words(pid)}"


def _words(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline") as file:  # noqa: PTH123 # a file of the kernel's, not a path of ours
            return " ".join(file.read().split("\0"))[:200]
    except OSError:
        return f"process {pid}, which has ended since"
