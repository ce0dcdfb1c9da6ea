"""A program other than libvirt manages the guest, and will not know that the guest has moved.

Why it matters
    OpenStack Nova, oVirt, KubeVirt, OpenNebula and CloudStack keep records of their own about where each guest runs. A
    guest that libvirt alone has moved is missing on the host that these records name: the program may report it as
    stopped or lost, and start it a second time, which destroys its disks. It also prepares networks, disks and firewall
    rules on a host before it sends a guest there, and removes them from the other host afterwards; a migration by
    libvirt does neither. The guest is recognized by its metadata, or by the manufacturer and the product in its SMBIOS
    data.

How to fix
    Migrate the guest with the program that manages it. Do nothing if the metadata is a remnant and no such program
    knows the guest any more.
"""

from preflight.facts.guest import Orchestrator
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_source, rule


@rule(Severity.WARNING, guards_data=True)
def check(source_guest: Guest) -> Findings:
    found = Orchestrator.of(source_guest)
    if found is not None:
        yield on_source(
            f"{source_guest.name} is managed by {found.name}, which will not know that the guest has moved",
            fix=f"Let {found.name} migrate the guest: {found.instead}. Do nothing if {found.name} no longer knows that"
            " guest.",
        )
