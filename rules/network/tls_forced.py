"""The host allows migrations over TLS alone, and none was asked for.

Why it matters
    With migrate_tls_force in qemu.conf either end refuses, also when the guest is moved offline: "this libvirtd
    instance allows migration only with VIR_MIGRATE_TLS flag". A tunnelled migration is let through. preflight does not
    judge migrations with --tls yet: it says what becomes of one without.

How to fix
    Migrate with --tls, once both hosts have certificates, or set migrate_tls_force = 0 in the host's
    /etc/libvirt/qemu.conf and restart the libvirt daemon.
"""

from preflight.facts import QemuConf
from preflight.migration import Migration
from preflight.rule import Findings, Severity, on_host, rule


def _when_tunnelled(migration: Migration) -> str | None:
    return "the memory goes through the control connection" if migration.tunnelled else None


@rule(Severity.ERROR, skip=_when_tunnelled)
def check(host: QemuConf) -> Findings:
    if host.migrate_tls_force.value:
        yield on_host(
            "migrate_tls_force is set: a migration without TLS is refused",
            at=host.migrate_tls_force,
            error="this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag",
        )
