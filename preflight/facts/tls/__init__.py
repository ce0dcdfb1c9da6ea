"""Certificates that the ends of a migration present and verify."""

from preflight.facts.tls.certificates import CertificateFiles, matches_any, problem_of_own
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls

__all__ = [
    "CertificateFiles",
    "MigrationTls",
    "NetworkListener",
    "matches_any",
    "problem_of_own",
]
