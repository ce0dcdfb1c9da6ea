"""The guest runs as a user, or in a group, that the destination does not have.

Why it matters
    A static label of the model "dac" names them, and libvirt looks the names up on the host where it starts QEMU:
    "Failed to parse user 'vm'". A label by numbers ("+107:+107") needs no names.

How to fix
    Make the user and the group on the destination, with the numbers that they have on the source: the guest's files
    belong to the numbers.
"""

from preflight.facts import Accounts
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest, destination: Accounts) -> Findings:
    for account in guest.devices.accounts:
        if not destination.knows(account):
            database, _, name = account.partition(":")
            what = "user" if database == "passwd" else "group"
            yield on_destination(
                f"there is no {what} {name}, which the guest is to run as", error=f"Failed to parse {what} '{name}'"
            )
