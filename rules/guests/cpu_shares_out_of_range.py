"""The guest's CPU shares are outside the range of the destination's control groups.

Why it matters
    Control groups of version 1 accept shares from 2 to 262144, those of version 2 from 1 to 10000, and libvirt does not
    convert them: "shares '20480' must be in range [1, 10000]"; libvirt 9.0 passes on systemd's "Value specified in
    CPUWeight is out of range". Clouds set 1024 for each virtual CPU, which is too much from ten on.

How to fix
    Set smaller shares before the migration (virsh schedinfo web cpu_shares=1000 --live --config), or boot both hosts
    with the same version of control groups.
"""

from preflight.facts import Resources, Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: Exists only if the host's control groups are of version 2 alone.
_UNIFIED = "/sys/fs/cgroup/cgroup.controllers"
#: VIR_CGROUPV2_WEIGHT_MIN and _MAX in libvirt's src/util/vircgroupv2.c.
_LEAST, _MOST = 1, 10000
#: A release that compares the shares itself; 9.0 leaves that to systemd.
_COMPARES = Version(11, 3, 0)


@rule(Severity.ERROR, skip=unless_live, errors=("Value specified in CPUWeight is out of range",))
def check(guest: Guest, destination: Resources, destination_versions: Versions) -> Findings:
    text = (parse_xml(guest.xml).findtext("cputune/shares") or "").strip()
    if not (text.isascii() and text.isdigit()) or _UNIFIED not in destination.values:
        return
    if not _LEAST <= int(text[:20]) <= _MOST:
        yield on_destination(
            f"the guest has {text} CPU shares, and this host's control groups accept {_LEAST} to {_MOST}",
            error=f"shares '{text}' must be in range [{_LEAST}, {_MOST}]"
            if destination_versions.libvirt >= _COMPARES
            else None,
        )
