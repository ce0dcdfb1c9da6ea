"""The daemon that listens on the network for libvirt: its configuration file, and the certificate that it presents."""

from typing import Annotated, Self

from preflight.facts.daemon.conf_problems import problems
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, ConfProblem
from preflight.facts.tls.certificate_paths import CertificatePaths, of_server
from preflight.facts.tls.certificates import BY_LIBVIRT, CertificateFiles, files_or_reason, problem_of_own


class NetworkListener(Fact, frozen=True, kw_only=True):
    """libvirtd, or virtproxyd on a host with modular daemons."""

    #: libvirtd or virtproxyd.
    daemon: str
    conf: Conf
    #: Problems that would keep the daemon from starting with that file.
    conf_problems: tuple[ConfProblem, ...]
    paths: CertificatePaths
    #: True if systemd no longer listens for the daemon, because it failed to start several times in a row.
    given_up: bool
    _certificates: CertificateFiles | str

    @property
    def certificates(self) -> CertificateFiles:
        """CA certificate, certificate and key; raises `Unreadable`."""
        if isinstance(self._certificates, str):
            raise Unreadable(self._certificates)
        return self._certificates

    @property
    def problem(self) -> str | None:
        """The problem that keeps the daemon from listening for TLS with its own files; raises `Unreadable`."""
        missing = [file.path for file in self.certificates.three if not file.exists]
        if missing:
            return f"{missing[0]} is missing: the daemon cannot listen for TLS"
        unchecked = self.conf.get("tls_no_sanity_certificate")
        if unchecked is not None and unchecked.value:
            return None
        found = problem_of_own(self.certificates, "server", BY_LIBVIRT)
        return found and f"{found}: the daemon will not start with this file"

    @classmethod
    def parse(
        cls,
        daemons: Daemons,
        libvirtd_conf: Annotated[Record, "libvirtd.conf"],
        virtproxyd_conf: Annotated[Record, "virtproxyd.conf"],
        certificates: Annotated[Record, "tls.server", OPTIONAL],
        versions: Versions | Unreadable,
    ) -> Self:
        """Parse the daemon's file; the certificates are collected only if a connection over TLS is requested."""
        intended = daemons.intended
        if intended is None:
            raise Unreadable("neither libvirtd nor virtproxyd is running or listening on this host")
        daemon, record = ("libvirtd", libvirtd_conf) if intended == "libvirtd" else ("virtproxyd", virtproxyd_conf)
        conf = daemons.conf(daemon, record)
        version = None if isinstance(versions, Unreadable) else versions.libvirt
        return cls(
            daemon=daemon,
            conf=conf,
            conf_problems=tuple(problems(daemon, conf, version)),
            paths=of_server(conf),
            given_up=daemons.has_given_up(daemon),
            _certificates=files_or_reason(certificates),
        )
