"""The guest has a label for a security driver that the destination's libvirt does not use.

Why it matters
    If AppArmor or SELinux confines a guest, the guest's live definition says so, and the destination accepts only
    labels for drivers that it uses: "Security driver model 'apparmor' is not available".

How to fix
    Enable the same driver on the destination: in the kernel, and as security_driver in qemu.conf, or leave that setting
    unset so that libvirt detects the driver. Or restart the guest without confinement.
"""

from preflight.facts import Capabilities
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Capabilities) -> Findings:
    for label in parse_xml(guest.xml).iterfind("seclabel"):
        model = label.get("model", "none")
        # the driver for users and groups is always there, and a label of type "none" does not confine
        if model in ("none", "dac", *destination.security_models) or label.get("type") == "none":
            continue
        yield on_destination(
            f"the guest has a label of the security driver {model}, which libvirt does not use here",
            error=f"Security driver model '{model}' is not available",
        )
