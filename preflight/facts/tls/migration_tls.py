"""Certificates that QEMU presents when a guest's memory is sent over TLS; it reads them again for each migration."""

from collections.abc import Sequence
from typing import Annotated, Self

from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.tls.certificate_paths import CertificatePaths, of_migration
from preflight.facts.tls.certificates import CertificateFiles, files_or_reason

#: Used if it exists and nothing else is set (virQEMUDriverConfigSetDefaults, src/qemu/qemu_conf.c).
OWN_DIRECTORY = "/etc/pki/libvirt-migrate"


class MigrationTls(Fact, frozen=True, kw_only=True):
    """TLS settings and certificates of one host for migrations."""

    #: Directories of the certificates: the first that exists is used, the last even if it does not exist.
    directories: tuple[str, ...]
    #: True if the destination requires a certificate from the source.
    verify: bool
    _certificates: CertificateFiles | str

    def certificates(self, end: str) -> CertificateFiles:
        """Return CA certificate, certificate and key; `end` is "server" on the destination, "client" on the source.

        Raises `Unreadable`.
        """
        if isinstance(self._certificates, str):
            raise Unreadable(self._certificates)
        *preferred, last = (self._certificates.of(*of_migration(one, end).all) for one in self.directories)
        return next((one for one in preferred if any(file.exists for file in one.files.values())), last)

    def paths(self, end: str) -> Sequence[CertificatePaths]:
        """Return all paths that must be requested."""
        return [of_migration(directory, end) for directory in self.directories]

    @classmethod
    def parse(cls, conf: QemuConf, certificates: Annotated[Record, "tls.data", OPTIONAL]) -> Self:
        """Take the settings; the certificates are collected only if a migration over TLS is requested."""
        own, usual = conf.migrate_tls_x509_cert_dir.value, conf.default_tls_x509_cert_dir.value or ""
        verify = conf.migrate_tls_x509_verify.value
        if verify is None:
            verify = conf.default_tls_x509_verify.value
        return cls(
            directories=(own,) if own else (OWN_DIRECTORY, usual),
            verify=bool(verify),
            _certificates=files_or_reason(certificates),
        )
