"""A secret that the guest's disk or TPM needs has another value on the destination.

Why it matters
    QEMU on the destination opens the encrypted image, or restores the encrypted TPM, with the destination's secret:
    "Invalid password, cannot unlock any keyslot". If another passphrase also opens the image, it moves, so an image
    with several passphrases is unknown. For a Ceph or iSCSI login, that is a warning: the server decides. Values never
    leave a host: each host gives a digest of them, made with a key that preflight draws for one run and keeps nowhere.

How to fix
    Set the value that the source has: virsh secret-set-value UUID --plain --file FILE on the destination, where FILE
    contains the value itself (without --plain, in base64).
"""

from itertools import zip_longest

from preflight.facts import Secrets
from preflight.facts.storage import KeySlots, Needed, SecretDigests, needed_by
from preflight.host import Guest
from preflight.rule import Findings, Migration, Severity, Unreadable, of_each, on_destination, rule, unless_live

_IMAGE = 1
_LOGIN = (2, 3)
_WRONG = "Invalid password, cannot unlock any keyslot"


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Invalid password, cannot unlock any keyslot",
        "tpm-emulator: Setting the stateblob ... failed with a TPM error ... decryption error",
    ),
)
def check(
    source_guest: Guest,
    guest: Guest,
    source: Secrets,
    destination: Secrets,
    source_digests: SecretDigests,
    destination_digests: SecretDigests,
    destination_slots: KeySlots,
    migration: Migration,
) -> Findings:
    copied = {disk.target for disk in guest.disks if migration.copies(disk.target, by_default=disk.copied_by_default)}

    def judge(pair: tuple[Needed | None, Needed | None]) -> Findings:
        before, needed = pair
        if needed is None or needed.device in copied:
            return
        if before is None or (before.device, before.usage_type) != (needed.device, needed.usage_type):
            raise Unreadable("the guest has other encrypted devices on the destination")
        here, there = source.find(before), destination.find(needed)
        if here is None or there is None:  # secret-missing reports it
            return
        try:
            values = (source_digests.of(here.uuid), destination_digests.of(there.uuid))
            source_digests.must_be_of_the_run_of(destination_digests)
        except Unreadable:
            if needed.usage_type in _LOGIN:
                return  # no more than a warning could be hidden
            raise
        if None in values or values[0] == values[1]:
            return
        _must_be_the_only_one(needed, destination_slots)
        yield on_destination(
            f"{needed}, required by {needed.device}, has another value on the destination",
            error=_WRONG if needed.usage_type == _IMAGE else None,
            severity=Severity.WARNING if needed.usage_type in _LOGIN else None,
        )

    return of_each(zip_longest(needed_by(source_guest), needed_by(guest)), judge)


def _must_be_the_only_one(needed: Needed, slots: KeySlots) -> None:
    """Raise `Unreadable` if the image might be opened with another passphrase than the source's."""
    if needed.usage_type == _IMAGE:
        if needed.path is None:
            raise Unreadable(f"the secrets of {needed.device} differ, and its image has no path to look at")
        if slots.count(needed.path) > 1:
            raise Unreadable(f"the secrets of {needed.device} differ, and several passphrases open its image")
