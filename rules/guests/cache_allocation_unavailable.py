"""The destination cannot give the guest a part of the CPU's cache or memory bandwidth.

Why it matters
    With <cachetune> or <memorytune> libvirt makes a group in the kernel's resctrl file system when the guest starts. If
    the CPU has no such allocation, or the file system is not mounted, the guest does not start: "Resource control is
    not supported on this host". This rule reads what libvirt lists about the caches of the host; how much of them is
    free, it does not check.

How to fix
    Mount the file system on the destination (mount -t resctrl resctrl /sys/fs/resctrl, and the same in /etc/fstab) and
    restart the libvirt daemon. If the CPU lacks the feature, shut the guest down and remove these elements.
"""

from preflight.facts import Capabilities
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: The elements of <cputune> that ask for an allocation, by what libvirt's capabilities must list for them.
_WANTED = {"cachetune/cache": "cache", "memorytune/node": "memory_bandwidth"}


@rule(Severity.ERROR, skip=unless_live, errors=("Resource control is not supported on this host",))
def check(guest: Guest, destination: Capabilities) -> Findings:
    root = parse_xml(guest.xml)
    for element, listed in _WANTED.items():
        if root.find(f"cputune/{element}") is not None and listed not in destination.allocated:
            yield on_destination(
                f"this host cannot allocate what the guest's <{element.partition('/')[0]}> asks for (resctrl)",
                error=None if destination.allocated else "Resource control is not supported on this host",
            )
