"""The certificates that QEMU shows when a guest's memory is sent over TLS; it reads them anew for each migration."""

from collections.abc import Sequence
from typing import Self

from preflight.facts.daemon.qemu_conf import QemuConf
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.tls.certificate_paths import CertificatePaths, of_migration
from preflight.facts.tls.certificates import CertificateFiles

#: Taken where it exists and nothing else is set (virQEMUDriverConfigSetDefaults, src/qemu/qemu_conf.c).
OWN_DIRECTORY = "/etc/pki/libvirt-migrate"


class MigrationTls(Fact, frozen=True, kw_only=True):
    """What one host has for it."""

    #: Where it is looked for, the first that exists; the last even if it does not.
    directories: tuple[str, ...]
    #: Whether the destination wants to see a certificate of the source's.
    verify: bool
    _certificates: CertificateFiles | str

    def certificates(self, end: str) -> CertificateFiles:
        """Authority, certificate and key; `end` is "server" on the destination, "client" on the source.

        Raises `Unreadable`.
        """
        if isinstance(self._certificates, str):
            raise Unreadable(self._certificates)
        *preferred, last = (self._certificates.of(*of_migration(one, end).all) for one in self.directories)
        return next((one for one in preferred if any(file.exists for file in one.files.values())), last)

    def paths(self, end: str) -> Sequence[CertificatePaths]:
        """All that there is to be asked for."""
        return [of_migration(directory, end) for directory in self.directories]

    @classmethod
    def parse(cls, qemu_conf: Record, daemons: Record, certificates: Record) -> Self:
        """Read the settings; the certificates are there only when a migration over TLS is asked for."""
        conf = QemuConf.parse(qemu_conf, daemons)
        own, usual = conf.migrate_tls_x509_cert_dir.value, conf.default_tls_x509_cert_dir.value or ""
        files: CertificateFiles | str
        try:
            files = CertificateFiles.parse(certificates)
        except Unreadable as why:
            files = str(why)
        verify = conf.migrate_tls_x509_verify.value
        if verify is None:
            verify = conf.default_tls_x509_verify.value
        return cls(directories=(own,) if own else (OWN_DIRECTORY, usual), verify=bool(verify), _certificates=files)
