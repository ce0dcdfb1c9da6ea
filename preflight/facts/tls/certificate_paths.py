"""Paths where libvirt and QEMU look for the certificates of a TLS connection."""

from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from preflight.facts.text.libvirt_conf import Conf


class CertificatePaths(Struct, frozen=True):
    """Certificate files of one end."""

    authority: str
    certificate: str
    key: str

    @property
    def all(self) -> tuple[str, str, str]:
        """All three; the last is the key, of which only its existence is checked."""
        return self.authority, self.certificate, self.key


def of_server(conf: Conf) -> CertificatePaths:
    """Return the paths of the listening daemon from its file; raises `Unreadable` (virnettlscontext.c, configmake)."""
    given = [conf.get(name) for name in ("ca_file", "cert_file", "key_file")]
    usual = ("/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem")
    paths = [str(one.value) if one else default for one, default in zip(given, usual, strict=True)]
    return CertificatePaths(*paths)


def of_client(uri: str) -> CertificatePaths:
    """Return the paths of a client that runs as root, for this URI, which may name another directory."""
    own = parse_qs(urlsplit(uri).query).get("pkipath")
    if own:
        return in_directory(own[0], "cacert.pem", "clientcert.pem", "clientkey.pem")
    return CertificatePaths(
        "/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem"
    )


def in_directory(directory: str, authority: str, certificate: str, key: str) -> CertificatePaths:
    """Return the paths of three files in one directory."""
    return CertificatePaths(f"{directory}/{authority}", f"{directory}/{certificate}", f"{directory}/{key}")


def of_migration(directory: str, end: str) -> CertificatePaths:
    """Return QEMU's paths for the migration's data; `end` is "server" on the destination, "client" on the source."""
    return in_directory(directory, "ca-cert.pem", f"{end}-cert.pem", f"{end}-key.pem")
