"""Certificates that the ends of a migration present and verify."""

from preflight.facts.tls.certificates import (
    BY_LIBVIRT,
    BY_QEMU,
    CertificateFiles,
    matches_any,
    problem_of_own,
)
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls

__all__ = [
    "BY_LIBVIRT",
    "BY_QEMU",
    "CertificateFiles",
    "MigrationTls",
    "NetworkListener",
    "matches_any",
    "problem_of_own",
]
