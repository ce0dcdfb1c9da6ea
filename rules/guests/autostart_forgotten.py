"""The guest has autostart set, which virsh migrate does not carry over.

Why it matters
    libvirt does not migrate the autostart setting: after the destination's next boot the guest stays off. If the
    guest's definition is kept on the source, autostart is kept there too, and the source's next boot starts the guest a
    second time.

How to fix
    Do nothing if preflight migrate moves the guest: it sets autostart on the destination and removes the definition
    from the source. After virsh migrate, run virsh autostart on the destination, and virsh undefine or virsh autostart
    --disable on the source.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.INFO)
def check(source_guest: Guest) -> Findings:
    if source_guest.autostart:
        yield on_source(f"autostart is set for {source_guest.name}; virsh migrate does not carry it over")
