"""A file that the guest is started with (its firmware, a kernel, a table) does not exist on the destination.

Why it matters
    The definition names firmware by its path, which differs between distributions and releases. QEMU says "could not
    load PC BIOS '/srv/bios.bin'". The file of the guest's variables is made from a template where it is not there yet:
    "Failed to open file '/srv/vars.bin': No such file or directory". Of a kernel, an initial RAM disk, a device tree, a
    table of ACPI or a file that the firmware gets (sysinfo of the type fwcfg) libvirt says "unable to stat:
    /srv/vmlinuz: No such file or directory".

How to fix
    Install the same firmware package on the destination (ovmf, edk2-ovmf, seabios), or copy the file to the same path.
"""

from preflight.facts import Storage
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("libvirt-pflash...: Could not open '...': No such file or directory",))
def check(guest: Guest, destination: Storage) -> Findings:
    devices = guest.devices
    if devices.loader and not destination.look(devices.loader).exists:
        rom = f"could not load PC BIOS '{devices.loader}'"
        yield on_destination(
            f"{devices.loader}, the guest's firmware, is not here",
            error=f"Could not open '{devices.loader}'" if devices.loader_type == "pflash" else rom,
        )
    if devices.nvram and devices.nvram_template and not destination.look(devices.nvram).exists:
        template = devices.nvram_template
        if not destination.look(template).exists:
            yield on_destination(
                f"neither {devices.nvram} nor {template}, which it would be made from, is here",
                error=f"Failed to open file '{template}': No such file or directory",
            )
    for path in devices.boot_files:
        if not destination.look(path).exists:
            yield on_destination(
                f"{path}, which the guest is started with, is not here",
                error=f"unable to stat: {path}: No such file or directory",
            )
