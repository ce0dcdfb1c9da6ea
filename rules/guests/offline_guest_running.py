"""The guest runs, and an offline migration would leave it running beside its copy.

Why it matters
    libvirt copies the definition, reports success and touches nothing else: the guest goes on at the source, and the
    destination has the same guest, off. Nothing keeps anyone from starting it there too, and two guests that write to
    one disk destroy what is on it. What changes in the definition at the source later is not carried over.

How to fix
    To move the guest, leave --offline out, or shut it down first. To keep the definition alone, as a stand-by, see
    that nothing starts it on the destination while the source is alive, or use libvirt's lock manager on both hosts.
"""

from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule, unless_offline


@rule(Severity.WARNING, skip=unless_offline)
def check(guest: Guest) -> Findings:
    if guest.running:
        yield on_source(f"{guest.name} runs on at the source, and could be started on the destination as well")
