"""The destination already has a guest with this name or UUID.

Why it matters
    If this very guest, with the same name and UUID, is already defined on the destination and is off there, nothing is
    wrong. Otherwise libvirt refuses: "domain 'web' already exists with uuid …", "domain 'web' is already defined with
    uuid …" or "domain 'web' is already active".

How to fix
    Find out which of the two guests is wanted, and rename, undefine or shut down the other.
"""

from preflight.facts import Guests
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule


@rule(Severity.ERROR)
def check(guest: Guest, destination: Guests) -> Findings:
    twin = destination.by_uuid(guest.uuid)
    namesake = destination.by_name(guest.name)
    if twin is not None and twin.name != guest.name:
        yield on_destination(
            f"{twin.name} on this host has the guest's UUID {guest.uuid}",
            error=f"domain '{twin.name}' is already defined with uuid {guest.uuid}",
        )
    elif twin is not None and twin.running:
        yield on_destination(
            f"{guest.name} is already running here, with the same UUID",
            error=f"domain '{guest.name}' is already active",
        )
    if namesake is not None and namesake.uuid != guest.uuid:
        yield on_destination(
            f"another guest here is named {guest.name}, with UUID {namesake.uuid}",
            error=f"domain '{guest.name}' already exists with uuid {namesake.uuid}",
        )
