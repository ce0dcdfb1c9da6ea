"""A display, character device or disk of the guest uses TLS on the destination, which lacks the certificates.

Why it matters
    Whether a display, a TCP character device or an NBD disk uses TLS is not sent with the guest unless its definition
    says so: vnc_tls, spice_tls, chardev_tls and nbd_tls of the destination's qemu.conf decide, and
    vnc_tls_x509_cert_dir, spice_tls_x509_cert_dir, chardev_tls_x509_cert_dir, nbd_tls_x509_cert_dir or else
    default_tls_x509_cert_dir names the directory. Without the files QEMU does not start: "Unable to access credentials
    /etc/pki/qemu/ca-cert.pem: No such file or directory", or for SPICE "failed to initialize spice server". If the key
    is encrypted, libvirt needs the secret that vnc_tls_x509_secret_uuid, chardev_tls_x509_secret_uuid,
    nbd_tls_x509_secret_uuid or default_tls_x509_secret_uuid names: "Secret not found". A SPICE port for TLS in the
    definition needs spice_tls: "spice TLS port set in XML configuration, but TLS is disabled in qemu.conf". The
    contents of the certificates are not checked.

How to fix
    Install ca-cert.pem, server-cert.pem and server-key.pem in the directory that the finding names, or set the same TLS
    settings in qemu.conf on both hosts, and restart the destination's libvirt daemon.
"""

from preflight.facts import GuestSettings, Secrets, Storage
from preflight.facts.daemon import DeviceTls, devices_with_tls, displays
from preflight.facts.storage import Needed
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

#: virSecretUsageType of a secret for TLS.
_TLS = 4


@rule(Severity.ERROR, skip=unless_live)
def check(
    guest: Guest, destination: GuestSettings, destination_storage: Storage, destination_secrets: Secrets
) -> Findings:
    for display in displays(guest.xml, destination):
        if display.lacks_tls:
            yield on_destination(
                "the guest's SPICE display requires TLS, which is off here (spice_tls)",
                at=destination.flag("spice_tls").at,
                error="spice TLS port set in XML configuration, but TLS is disabled in qemu.conf",
            )
    for one in devices_with_tls(guest.xml, destination):
        missing = _missing(one, destination_storage)
        if missing is not None:
            yield on_destination(
                f"{missing}, which {one.device} needs for TLS, does not exist here",
                at=one.setting.at,
                error="failed to initialize spice server"
                if one.device == "SPICE"
                else f"Unable to access credentials {missing}: No such file or directory",
            )
        elif one.secret.value and _lacks(one.secret.value, destination_secrets):
            yield on_destination(
                f"libvirt has no secret {one.secret}, which {one.device} needs for its TLS key",
                at=one.secret.at,
                error=f"no secret with matching uuid '{one.secret}'",
            )


def _missing(one: DeviceTls, storage: Storage) -> str | None:
    directory = next((path for path in one.directories if storage.look(path).exists), one.directories[-1])
    paths = [f"{directory}/{name}" for name in one.files]
    return next((path for path in paths if not storage.look(path).exists), None)


def _lacks(uuid: str, secrets: Secrets) -> bool:
    return secrets.find(Needed(device="TLS", uuid=uuid, usage=None, usage_type=_TLS)) is None
