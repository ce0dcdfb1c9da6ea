"""The guest has a device that the destination's QEMU cannot make.

Why it matters
    Distributions leave devices out of QEMU, or put them in packages of their own: "spice graphics are not supported
    with this QEMU", "domain configuration does not support video model 'qxl'". The emulator of a TPM is a program of
    its own, and of version 2.0 libvirt says without it "TPM version '2.0' is not supported". Judged by what libvirt
    lists as supported, which releases before 9.0 do for graphics alone. Seen to stop a migration: SPICE, QXL and the
    TPM; the rest is by what libvirt lists.

How to fix
    Install what is missing on the destination: the packages that hold QEMU's modules for SPICE, or swtpm and
    swtpm-tools. Else shut the guest down and give it another device.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts import DomainCapabilities, Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: The oldest release that the lab has seen to list all of what is asked here.
_LISTS_ALL = Version(9, 0, 0)


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "... graphics are not supported with this QEMU",
        "TPM version '...' is not supported",
    ),
)
def check(guest: Guest, destination: DomainCapabilities, destination_versions: Versions) -> Findings:
    for device, listed, value, message, error in dict.fromkeys(_wanted(parse_xml(guest.xml))):
        if device != "graphics" and destination_versions.libvirt < _LISTS_ALL:
            continue
        if destination.has(device, listed, value) is False:
            yield on_destination(f"this QEMU has no {message}", error=error)


def _wanted(root: Element) -> Iterator[tuple[str, str, str, str, str | None]]:
    """Device and list in libvirt's domain capabilities, the value wanted, how to say it, and libvirt's error."""
    for graphics in root.iterfind("devices/graphics"):
        kind = graphics.get("type", "")
        yield "graphics", "type", kind, f"{kind} graphics", f"{kind} graphics are not supported with this QEMU"
    for model in root.iterfind("devices/video/model"):
        kind = model.get("type", "")
        error = f"domain configuration does not support video model '{kind}'"
        yield "video", "modelType", kind, f"video model {kind}", error
    for backend in root.iterfind("devices/tpm/backend"):
        kind, version = backend.get("type", ""), backend.get("version")
        said = f"TPM version '{version}' is not supported" if version else None
        yield "tpm", "backendModel", kind, f"TPM of the backend {kind}", said
        if version:
            yield "tpm", "backendVersion", version, f"TPM of version {version}", said
    for device in root.iterfind("devices/redirdev"):
        yield "redirdev", "bus", device.get("bus", ""), f"redirection of {device.get('bus')} devices", None
    for device in root.iterfind("devices/channel"):
        if device.get("type") == "spicevmc":
            yield "channel", "type", "spicevmc", "channel of SPICE", None
