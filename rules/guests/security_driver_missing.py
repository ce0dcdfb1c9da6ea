"""A guest is labelled for a security driver that the destination's libvirt does not have in use.

Why it matters
    Where AppArmor or SELinux confines a guest, its live definition says so, and the destination takes only labels of
    drivers that it has: "Security driver model 'apparmor' is not available".

How to fix
    Enable the same driver on the destination: in the kernel, and as security_driver in qemu.conf, or leave that unset
    so that libvirt looks for itself. Or start the guest anew where it is not confined.
"""

from preflight.facts import Capabilities
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Capabilities) -> Findings:
    for label in parse_xml(guest.xml).iterfind("seclabel"):
        model = label.get("model", "none")
        # the driver for users and groups is always there, and what has the type "none" is not confined
        if model in ("none", "dac", *destination.security_models) or label.get("type") == "none":
            continue
        yield on_destination(
            f"the guest is labelled for the security driver {model}, which libvirt does not use here",
            error=f"Security driver model '{model}' is not available",
        )
