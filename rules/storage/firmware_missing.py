"""A file that the guest boots with (firmware, a kernel, an ACPI table) does not exist on the destination.

Why it matters
    The definition names firmware by its path, which differs between distributions and releases. QEMU reports "could not
    load PC BIOS '/srv/bios.bin'". The file with the guest's firmware variables is created from a template if it does
    not exist: "Failed to open file '/srv/vars.bin': No such file or directory". For a kernel, an initial RAM disk, a
    device tree, an ACPI table or a file passed to the firmware (sysinfo of type fwcfg) libvirt reports "unable to stat:
    /srv/vmlinuz: No such file or directory".

How to fix
    Install the same firmware package on the destination (ovmf, edk2-ovmf, seabios), or copy the file to the same path.
"""

from preflight.facts import Storage
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "libvirt-pflash...: Could not open '...': No such file or directory",
        "'block' nvram backing device '...' doesn't exist",
    ),
)
def check(guest: Guest, destination: Storage) -> Findings:
    devices = guest.devices
    if devices.loader and not destination.look(devices.loader).exists:
        rom = f"could not load PC BIOS '{devices.loader}'"
        yield on_destination(
            f"{devices.loader}, the guest's firmware, does not exist on the destination",
            error=f"Could not open '{devices.loader}'" if devices.loader_type == "pflash" else rom,
        )
    if devices.nvram and devices.nvram_template and not destination.look(devices.nvram).exists:
        template = devices.nvram_template
        if not destination.look(template).exists:
            yield on_destination(
                f"neither {devices.nvram} nor its template {template} exists on the destination",
                error=f"Failed to open file '{template}': No such file or directory",
            )
    for source in parse_xml(guest.xml).iterfind("os/nvram/source[@dev]"):
        device = source.get("dev", "")
        if device and not destination.look(device).exists:
            yield on_destination(
                f"{device}, the device with the guest's firmware variables, does not exist on the destination",
                error=f"'block' nvram backing device '{device}' doesn't exist",
            )
    for path in devices.boot_files:
        if not destination.look(path).exists:
            yield on_destination(
                f"{path}, which the guest boots with, does not exist on the destination",
                error=f"unable to stat: {path}: No such file or directory",
            )
