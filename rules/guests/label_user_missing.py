"""The guest runs as a user or group that the destination does not have.

Why it matters
    A static label of the model dac names the user and group, and libvirt looks the names up on the host where it starts
    QEMU: "Failed to parse user 'vm'". A numeric label (+107:+107) needs no names.

How to fix
    Create the user and the group on the destination, with the same numeric IDs as on the source: the guest's files are
    owned by those IDs.
"""

from preflight.facts import Accounts
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live, errors=("Failed to parse user '...'", "Failed to parse group '...'"))
def check(guest: Guest, destination: Accounts) -> Findings:
    for account in guest.devices.accounts:
        if not destination.knows(account):
            database, _, name = account.partition(":")
            what = "user" if database == "passwd" else "group"
            yield on_destination(
                f"the guest runs as the {what} {name}, which does not exist here",
                error=f"Failed to parse {what} '{name}'",
            )
