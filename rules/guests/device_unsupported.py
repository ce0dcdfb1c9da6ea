"""The guest has a device that the destination's QEMU does not support.

Why it matters
    Distributions build QEMU without some devices, or ship them in separate packages: "spice graphics are not supported
    with this QEMU", "domain configuration does not support video model 'qxl'". The TPM emulator is a separate program;
    without it libvirt reports, for version 2.0, "TPM version '2.0' is not supported". This rule relies on what libvirt
    lists as supported; releases before 9.0 list graphics only. SPICE, QXL and the TPM were seen to stop a migration;
    the other devices are judged by libvirt's list alone.

How to fix
    Install the missing packages on the destination: those with QEMU's modules for SPICE, or swtpm and swtpm-tools.
    Otherwise shut the guest down and give it another device.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from preflight.facts import DomainCapabilities, Versions
from preflight.facts.libvirt import Version
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: The oldest release that the lab has seen list everything that this rule looks up.
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
            yield on_destination(f"this host's QEMU does not support {message}", error=error)


def _wanted(root: Element) -> Iterator[tuple[str, str, str, str, str | None]]:
    """Yield a device and list of the domain capabilities, the value needed, its name in messages, and the error."""
    for graphics in root.iterfind("devices/graphics"):
        kind = graphics.get("type", "")
        yield "graphics", "type", kind, f"{kind} graphics", f"{kind} graphics are not supported with this QEMU"
    for model in root.iterfind("devices/video/model"):
        kind = model.get("type", "")
        error = f"domain configuration does not support video model '{kind}'"
        yield "video", "modelType", kind, f"the video model {kind}", error
    for backend in root.iterfind("devices/tpm/backend"):
        kind, version = backend.get("type", ""), backend.get("version")
        said = f"TPM version '{version}' is not supported" if version else None
        yield "tpm", "backendModel", kind, f"the TPM backend {kind}", said
        if version:
            yield "tpm", "backendVersion", version, f"TPM version {version}", said
    for device in root.iterfind("devices/redirdev"):
        yield "redirdev", "bus", device.get("bus", ""), f"redirection of {device.get('bus')} devices", None
    for device in root.iterfind("devices/channel"):
        if device.get("type") == "spicevmc":
            yield "channel", "type", "spicevmc", "SPICE channels", None
