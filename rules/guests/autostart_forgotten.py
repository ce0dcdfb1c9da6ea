"""The guest starts with its host, which virsh does not carry over.

Why it matters
    libvirt's migration forgets autostart: after the destination's next boot the guest stays off. Where its definition
    is kept on the source, autostart is kept there too, and the source's next boot starts the guest a second time.

How to fix
    Nothing, with preflight migrate: it sets autostart on the destination, and the definition leaves the source. After
    virsh migrate: virsh autostart on the destination, and virsh undefine, or autostart --disable, on the source.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.INFO)
def check(source_guest: Guest) -> Findings:
    if source_guest.autostart:
        yield on_source(f"{source_guest.name} starts with this host; virsh migrate forgets that")
