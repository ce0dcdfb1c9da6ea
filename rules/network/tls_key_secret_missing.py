"""The secret that decrypts a host's key for migrations over TLS does not exist.

Why it matters
    If the private key in /etc/pki/qemu is encrypted, qemu.conf names the libvirt secret with its passphrase
    (migrate_tls_x509_secret_uuid, or default_tls_x509_secret_uuid). Each host's libvirt stores its secrets separately.
    Without it a migration with --tls ends before anything is sent: "Secret not found: no secret with matching uuid
    '…'". preflight does not check the value of the secret.

How to fix
    Define the secret on that host (virsh secret-define) and set its value (virsh secret-set-value UUID --plain --file
    FILE), or decrypt the key and remove the setting from qemu.conf.
"""

from preflight.facts import GuestSettings, Secrets
from preflight.facts.storage import Needed
from preflight.facts.text import Located
from preflight.rule import Findings, Severity, on_host, rule, unless_data_over_tls


@rule(Severity.ERROR, skip=unless_data_over_tls)
def check(host: GuestSettings, host_secrets: Secrets) -> Findings:
    uuid = _named(host)
    if uuid.value and host_secrets.find(Needed(device="TLS", uuid=uuid.value, usage=None, usage_type=4)) is None:
        yield on_host(
            f"the secret {uuid}, which decrypts the key for migrations, does not exist",
            at=uuid.at,
            error=f"no secret with matching uuid '{uuid}'",
        )


def _named(settings: GuestSettings) -> Located[str]:
    """Return the UUID of the secret (SET_TLS_SECRET_UUID_DEFAULT in src/qemu/qemu_conf.c)."""
    own = settings.text("migrate_tls_x509_secret_uuid")
    return (
        own
        if own.value or settings.text("migrate_tls_x509_cert_dir").value
        else settings.text("default_tls_x509_secret_uuid")
    )
