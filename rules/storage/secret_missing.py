"""A secret that the guest's disk or TPM needs does not exist on the destination, or has no value there.

Why it matters
    libvirt needs a secret to open an encrypted image or TPM, or to log in to a Ceph or iSCSI server, and each host's
    libvirt stores its secrets separately: "Secret not found: no secret with matching uuid '…'", or "secret '…' does not
    have a value". Whether the value is the same is judged
    by secret-value-differs.

How to fix
    Define the secret on the destination too, with the same UUID (virsh secret-dumpxml on the source, virsh
    secret-define on the destination), and set its value: virsh secret-set-value UUID --plain --file FILE,
    where FILE contains the value itself (without --plain, in base64).
"""

from preflight.facts import Secrets, Storage
from preflight.facts.storage import needed_by
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "tpm-emulator: Setting the stateblob ... failed with a TPM error ... decryption error",
        "Secret not found: rbd no secret matches uuid '...'",  # QEMU's driver in libvirt before 1.3
    ),
)
def check(guest: Guest, destination: Secrets, destination_storage: Storage) -> Findings:
    for needed in needed_by(guest):
        secret = destination.find(needed)
        if secret is None:
            named = f"uuid '{needed.uuid}'" if needed.uuid else f"usage '{needed.usage}'"
            yield on_destination(
                f"{needed}, required by {needed.device}, does not exist on the destination",
                error=f"Secret not found: no secret with matching {named}",
            )
        elif secret.value_path and not destination_storage.look(secret.value_path).exists:
            yield on_destination(
                f"{needed}, required by {needed.device}, has no value on the destination",
                error=f"secret '{secret.uuid}' does not have a value",
            )
