"""The guest's emulator does not exist on the destination.

Why it matters
    The guest's definition names the QEMU binary by its path, and distributions install it in different places: "Cannot
    check QEMU binary /usr/libexec/qemu-kvm: No such file or directory".

How to fix
    Install QEMU on the destination, or make that path a symbolic link to its binary.
"""

from preflight.facts import Storage
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR)
def check(guest: Guest, destination: Storage) -> Findings:
    if guest.emulator is not None and not destination.look(guest.emulator).exists:
        yield on_destination(
            f"{guest.emulator} does not exist",
            error=f"Cannot check QEMU binary {guest.emulator}: No such file or directory",
        )
