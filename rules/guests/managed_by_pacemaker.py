"""Pacemaker starts and stops the guest, and would start it a second time.

Why it matters
    The guest is a VirtualDomain resource of the cluster. If libvirt alone moves it, pacemaker's monitor finds it
    stopped on the source and recovers it: pacemaker starts the guest there, or on another node, while it runs on the
    destination. Two guests then write to the same disks.

How to fix
    Let pacemaker move the guest: `pcs resource move ID`, or `crm resource move ID NODE`, with allow-migrate=true for a
    live migration. To move it with libvirt, put the resource into unmanaged mode first (`pcs resource unmanage ID`),
    and tell the cluster where the guest is before it is managed again. If the cluster leaves only some nodes or groups
    unmanaged, this is a warning, since the guest may belong to them.
"""

from preflight.facts import Cluster
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.ERROR, guards_data=True)
def check(source_guest: Guest, source: Cluster) -> Findings:
    found = source.of(source_guest.name)
    if found is None or source.maintenance or not found.managed or found.stopped:
        return
    yield on_source(
        f"pacemaker manages {source_guest.name} as the resource {found.id}, and would start it a second time",
        severity=Severity.WARNING if source.partly_unmanaged else None,
        fix=f"Let pacemaker move the guest: `pcs resource move {found.id}`. To move it with libvirt, run"
        f" `pcs resource unmanage {found.id}` first.",
    )
