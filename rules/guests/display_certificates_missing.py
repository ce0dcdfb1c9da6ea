"""The destination encrypts displays or character devices with TLS, but has no certificates for it.

Why it matters
    With vnc_tls, spice_tls or chardev_tls in the destination's qemu.conf, each arriving guest with such a device needs
    certificates there, whatever the source does: "Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file
    or directory". This rule looks only for the directories.

How to fix
    Install the certificates in the directory that qemu.conf names (default /etc/pki/qemu), or remove the setting and
    restart the libvirt daemon.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from preflight.facts import Daemons, QemuConfFile, Resources
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_destination, rule, unless_live

#: Setting, the devices that it concerns, and the directory that is used if it exists and no other is set
#: (virQEMUDriverConfigSetDefaults, src/qemu/qemu_conf.c).
_SETTINGS: Mapping[str, tuple[str, str]] = {
    "vnc_tls": ("devices/graphics[@type='vnc']", "/etc/pki/libvirt-vnc"),
    "spice_tls": ("devices/graphics[@type='spice']", "/etc/pki/libvirt-spice"),
    "chardev_tls": ("devices/*[@type='tcp']", "/etc/pki/libvirt-chardev"),
}
_USUAL = "/etc/pki/qemu"


@rule(Severity.ERROR, skip=unless_live, errors=("Unable to access credentials ...: No such file or directory",))
def check(
    guest: Guest, destination: QemuConfFile, destination_daemons: Daemons, destination_has: Resources
) -> Findings:
    root = parse_xml(guest.xml)
    for key, (devices, preferred) in _SETTINGS.items():
        found = destination.conf.get(key)
        if found is None or found.value != 1 or not any(map(_is_encrypted, root.iterfind(devices))):
            continue
        if destination_daemons.changed_since_start("qemu"):
            raise Unreadable(
                "qemu.conf was changed after the daemon started: its values cannot be known before a restart"
            )
        named = destination.conf.get(f"{key}_x509_cert_dir") or destination.conf.get("default_tls_x509_cert_dir")
        if named is None and not destination_has.has(preferred) and not destination_has.has(_USUAL):
            yield on_destination(
                f"{key} is set, but neither {preferred} nor {_USUAL} exists",
                at=found,
                error=f"Unable to access credentials {_USUAL}",
            )


def _is_encrypted(device: Element) -> bool:
    """Report whether the device follows the setting: a character device can opt out."""
    source = device.find("source")
    return source is None or source.get("tls") != "no"
