"""The destination refuses guests without a security label, and the guest has none.

Why it matters
    With security_require_confined in the destination's qemu.conf, libvirt starts no guest whose definition switches
    labels off (<seclabel type='none'/>): "Unconfined guests are not allowed on this host". This was read in libvirt's
    source; the lab's kernel has no security driver.

How to fix
    Remove the <seclabel> from the guest's definition and restart the guest, or set security_require_confined = 0 in the
    destination's qemu.conf and restart the libvirt daemon.
"""

from preflight.facts import Capabilities, Daemons, QemuConfFile
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

_KEY = "security_require_confined"
#: The drivers that confine a guest; DAC only sets users.
_CONFINING = frozenset(("apparmor", "selinux"))


@rule(Severity.ERROR, skip=unless_live)
def check(
    guest: Guest, destination: QemuConfFile, destination_daemons: Daemons, destination_libvirt: Capabilities
) -> Findings:
    labels = parse_xml(guest.xml).findall("seclabel[@type='none']")
    bare = [label for label in labels if label.get("model", "selinux") in _CONFINING]
    found = destination.conf.get(_KEY)
    if not bare or found is None or found.value != 1 or _CONFINING.isdisjoint(destination_libvirt.security_models):
        return
    if destination_daemons.changed_since_start("qemu"):
        raise Unreadable("qemu.conf was changed after the daemon started: its values cannot be known before a restart")
    yield on_destination(
        f"{_KEY} is set, and the guest has no label",
        at=found,
        error="Unconfined guests are not allowed on this host",
    )
