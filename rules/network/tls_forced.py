"""The host accepts only migrations over TLS, and TLS was not requested.

Why it matters
    With migrate_tls_force in qemu.conf either end refuses, even if the guest is migrated offline: "this libvirtd
    instance allows migration only with VIR_MIGRATE_TLS flag". A tunnelled migration is accepted. With --p2p virsh may
    print "End of file while reading data" instead; the log of the source's daemon has the reason.

How to fix
    Migrate with --tls, once both hosts have certificates, or set migrate_tls_force = 0 in the host's
    /etc/libvirt/qemu.conf and restart the libvirt daemon.
"""

from preflight.facts import QemuConf
from preflight.rule import Findings, Migration, Severity, on_host, rule

REFUSAL = "this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag"


def _when_allowed(migration: Migration) -> str | None:
    if migration.method.tls:
        return "the memory is sent over TLS"
    return "the memory goes through the control connection" if migration.tunnelled else None


@rule(Severity.ERROR, skip=_when_allowed)
def check(host: QemuConf) -> Findings:
    if host.migrate_tls_force.value:
        yield on_host(
            "migrate_tls_force is set: libvirt refuses a migration without TLS",
            at=host.migrate_tls_force,
            error=REFUSAL,
        )
