"""The destination's QEMU lacks a file of its own that the guest needs.

Why it matters
    QEMU fills the firmware and the option ROMs of a guest's devices from files in its own directories, and reads the
    layout of a keyboard from there. Packages bring these files apart from QEMU (seabios, ipxe-qemu, qemu-system-data).
    Without them the destination's QEMU does not start: "failed to find romfile "efi-virtio.rom"", or "could not read
    keymap file". This was compared with what the source has; nothing is said of a QEMU in another place.

How to fix
    Install on the destination the package that has the file on the source: dpkg -S or rpm -qf names it.
"""

from preflight.facts.guest import QemuFiles, needed_files
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=("could not load PC BIOS '...'", "could not read keymap file: '...'", 'failed to find romfile "..."'),
)
def check(guest: Guest, source: QemuFiles, destination: QemuFiles) -> Findings:
    told = set[str]()
    for needed in needed_files(guest, parse_xml(guest.xml)):
        if destination.lacks(needed.name, source) and needed.name not in told:
            told.add(needed.name)
            yield on_destination(
                f"QEMU has no {needed.name} here, which {needed.what} of the guest needs",
                error=_error(needed.name),
            )


def _error(name: str) -> str:
    if name.startswith("keymaps/"):
        return f"could not read keymap file: '{name.partition('/')[2]}'"
    if name.startswith("bios"):
        return f"could not load PC BIOS '{name}'"
    return f'failed to find romfile "{name}"'
