"""The guest is running, and an offline migration would leave it running on the source.

Why it matters
    libvirt copies the definition, reports success and changes nothing else: the guest keeps running on the source, and
    the destination has the same guest, off. Nothing prevents the guest from being started there too, and two guests
    that write to the same disk destroy its contents. Later changes to the definition on the source are not carried
    over.

How to fix
    To move the guest, omit --offline, or shut the guest down first. To keep only the definition on the destination, as
    a standby, make sure that nothing starts the guest there while the source is alive, or use libvirt's lock manager on
    both hosts.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_offline


@rule(Severity.WARNING, guards_data=True, skip=unless_offline)
def check(guest: Guest) -> Findings:
    if guest.running:
        yield on_source(f"{guest.name} keeps running on the source, and could be started on the destination as well")
