"""Certificate files of a host: their existence, validity, names and issuers.

The error texts are those of libvirt and QEMU with gnutls: both check their own files in the same way before they use
them (virnettlscontext.c in libvirt, crypto/tlscredsx509.c in QEMU).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from preflight.facts.fact import MISSING, Record, Unreadable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as Parsed
    from cryptography.x509 import ExtendedKeyUsage, KeyUsage

_LONGEST_CHAIN = 10
#: Uses of a key, in gnutls' words.
SIGNING_CERTIFICATES = "certificate signing"
SIGNATURES = "digital signature"
ENCIPHERMENT = "key encipherment"
#: What libvirt requires of a server or client (src/rpc/virnettlscert.c), and what QEMU does (crypto/tlscredsx509.c of
#: 10.0.13; 7.2.22 was seen to accept a certificate for signatures alone too).
BY_LIBVIRT = (SIGNATURES, ENCIPHERMENT)
BY_QEMU = (SIGNATURES,)


class Certificate(Struct, frozen=True):
    """Contents of a certificate."""

    #: The subject in X.509 order (most general part first), and in the reverse order.
    subjects: tuple[str, str]
    #: Seconds since 1970.
    not_before: float
    not_after: float
    #: DNS names and addresses in the subject alternative name; if there are none, the common name.
    names: tuple[str, ...]
    #: True if it is an authority according to its basic constraints; None if it has none.
    is_authority: bool | None
    #: Uses that it permits, in gnutls' words; None if it does not restrict its use, or not critically.
    uses: frozenset[str] | None
    #: Ends of a TLS connection for which it may be used, "server" and "client"; None if it does not restrict them.
    ends: frozenset[str] | None
    #: True if that restriction is critical: a program then refuses its own certificate, and not only the other end's.
    ends_critical: bool
    pem: str

    def timely(self, now: float) -> str | None:
        """Return the problem with its validity period, in gnutls' words, or None."""
        if now > self.not_after:
            return "has expired"
        return "is not yet active" if now < self.not_before else None

    def serves(self, end: str) -> bool:
        """Report whether the certificate may be used at this end, "server" or "client"."""
        return self.ends is None or end in self.ends

    def holds(self, host: str) -> bool:
        """Report whether the certificate was issued for this name or address."""
        host = host.strip("[]").lower().rstrip(".")
        return any(_same(name.lower().rstrip("."), host) for name in self.names)


class CertificateFile(Struct, frozen=True):
    """File with a certificate, optionally followed by those of its issuers, or with a key, which is not read."""

    path: str
    #: 0 if it could be read, `MISSING` if it does not exist.
    code: int
    pem: str

    @property
    def exists(self) -> bool:
        """True if the file exists, readable or not."""
        return self.code != MISSING

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """All certificates in the file; raises `Unreadable` if none can be read."""
        if self.code != 0:
            raise Unreadable(f"{self.path} could not be read")
        try:
            found = _read(self.pem)
        except ValueError as why:
            raise Unreadable(f"{self.path} cannot be parsed as a certificate: {why}") from None
        if not found:
            raise Unreadable(f"{self.path} contains no certificate")
        return found

    @property
    def first(self) -> Certificate:
        """The first certificate of the file; raises `Unreadable`."""
        return self.certificates[0]

    def signed_by(self, authority: "CertificateFile") -> bool:
        """Report whether the file's certificates form a chain to one in `authority`; raises `Unreadable`."""
        current, *between = self.certificates
        trusted = authority.certificates
        for _ in range(_LONGEST_CHAIN):
            if any(_issued(current.pem, ca.pem) for ca in trusted):
                return True
            above = next((one for one in between if one != current and _issued(current.pem, one.pem)), None)
            if above is None:
                return False
            current = above
        return False


class CertificateFiles(Struct, frozen=True):
    """Certificate files that were requested."""

    #: Time on the machine that has the files, in seconds since 1970.
    now: float
    files: Mapping[str, CertificateFile]

    @property
    def three(self) -> tuple[CertificateFile, CertificateFile, CertificateFile]:
        """The CA certificate, the own certificate and its key, in the order in which they are requested."""
        authority, certificate, key, *_ = self.files.values()
        return authority, certificate, key

    def of(self, *paths: str) -> "CertificateFiles":
        """Return only these files; raises `Unreadable` if one was not requested."""
        unasked = [path for path in paths if path not in self.files]
        if unasked:
            raise Unreadable(f"{unasked[0]} was not requested")
        return CertificateFiles(self.now, {path: self.files[path] for path in paths})

    @classmethod
    def read(cls, record: Record) -> Self:
        """Parse the answer to `questions.certificates`: `clock SECONDS`, then `file CODE PATH` and the PEM text."""
        now: float | None = None
        path = ""
        files: dict[str, int] = {}
        lines: dict[str, list[str]] = {}
        try:
            for line in record.required().splitlines():
                if line.startswith("clock "):
                    now = float(line[6:])
                elif line.startswith("file "):
                    _, number, path = line.split(" ", 2)
                    files[path], lines[path] = int(number), []
                elif path:
                    lines[path].append(line)
        except ValueError:
            raise Unreadable("the certificates are not in the format that preflight collects") from None
        if now is None or len(files) < 3:
            raise Unreadable("the answer about certificates is incomplete")
        return cls(now, {one: CertificateFile(one, files[one], "\n".join(lines[one])) for one in files})


def files_or_reason(record: Record) -> CertificateFiles | str:
    """Return the files of an answer to `questions.certificates`, or the reason why they are unknown."""
    try:
        return CertificateFiles.read(record)
    except Unreadable as why:
        return str(why)


def problem_of_own(files: CertificateFiles, kind: str, needed: Sequence[str]) -> str | None:
    """Return the problem that a program finds with its own files, in libvirt's and QEMU's words; raises `Unreadable`.

    `kind` is "server" or "client"; `needed` are the uses that the program requires of its own certificate.
    """
    authority, certificate, _ = files.three
    found = (_problem_of_authority(one, authority.path, files.now) for one in authority.certificates)
    problem = next(filter(None, found), None) or _problem_of(
        certificate.first, certificate.path, kind, needed, files.now
    )
    if problem is None and not certificate.signed_by(authority):
        return f"Our own certificate {certificate.path} failed validation against {authority.path}"
    return problem


def _problem_of_authority(one: Certificate, path: str, now: float) -> str | None:
    if wrong := one.timely(now):
        return f"The CA certificate {path} {wrong}"
    if one.is_authority is None:
        return f"The certificate {path} is missing basic constraints for a CA"
    if not one.is_authority:
        return f"The certificate {path} basic constraints do not show a CA"
    if one.uses is not None and SIGNING_CERTIFICATES not in one.uses:
        return f"Certificate {path} usage does not permit {SIGNING_CERTIFICATES}"
    return None


def _problem_of(one: Certificate, path: str, kind: str, needed: Sequence[str], now: float) -> str | None:
    if wrong := one.timely(now):
        return f"The {kind} certificate {path} {wrong}"
    if one.is_authority:
        return f"The certificate {path} basic constraints show a CA, but we need one for a {kind}"
    for use in needed:
        if one.uses is not None and use not in one.uses:
            return f"Certificate {path} usage does not permit {use}"
    if one.ends_critical and not one.serves(kind):
        return f"Certificate {path} purpose does not allow use with a TLS {kind}"
    return None


@lru_cache(maxsize=256)
def _load(pem: str) -> "tuple[Parsed, ...]":
    from cryptography import x509  # imported here: needed only for TLS, and slow to load

    return tuple(x509.load_pem_x509_certificates(pem.encode()))


@lru_cache(maxsize=256)
def _read(pem: str) -> tuple[Certificate, ...]:
    return tuple(_certificate(one) for one in _load(pem)) if pem.strip() else ()


def _certificate(read: "Parsed") -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    names: list[str] = []
    is_authority: bool | None = None
    uses: frozenset[str] | None = None
    ends: frozenset[str] | None = None
    ends_critical = False
    for extension in read.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names += extension.value.get_values_for_type(x509.DNSName)
            names += [str(address) for address in extension.value.get_values_for_type(x509.IPAddress)]
        elif isinstance(extension.value, x509.BasicConstraints):
            is_authority = extension.value.ca
        elif isinstance(extension.value, x509.KeyUsage) and extension.critical:
            uses = _uses(extension.value)
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            ends, ends_critical = _ends(extension.value), extension.critical
    if not names:
        common = read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(one.value) for one in common]
    largest_last = read.subject.rfc4514_string()
    largest_first = ",".join(part.rfc4514_string() for part in read.subject.rdns)
    return Certificate(
        subjects=(largest_first, largest_last),
        not_before=read.not_valid_before_utc.timestamp(),
        not_after=read.not_valid_after_utc.timestamp(),
        names=tuple(names),
        is_authority=is_authority,
        uses=uses,
        ends=ends,
        ends_critical=ends_critical,
        pem=read.public_bytes(Encoding.PEM).decode(),
    )


def _uses(usage: "KeyUsage") -> frozenset[str]:
    permitted = (usage.key_cert_sign, usage.digital_signature, usage.key_encipherment)
    return frozenset(use for use, given in zip((SIGNING_CERTIFICATES, *BY_LIBVIRT), permitted, strict=True) if given)


def _ends(purposes: "ExtendedKeyUsage") -> frozenset[str] | None:
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    if Purpose.ANY_EXTENDED_KEY_USAGE in purposes:
        return None
    of_end = {"server": Purpose.SERVER_AUTH, "client": Purpose.CLIENT_AUTH}
    return frozenset(end for end, purpose in of_end.items() if purpose in purposes)


@lru_cache(maxsize=256)
def _issued(pem: str, issuer: str) -> bool:
    from cryptography.exceptions import InvalidSignature

    if pem == issuer:
        return True
    (certificate,), (authority,) = _load(pem), _load(issuer)
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _same(name: str, host: str) -> bool:
    """Compare as gnutls_x509_crt_check_hostname does: addresses by value, names with a wildcard as the first label."""
    try:
        return ip_address(name) == ip_address(host)
    except ValueError:
        first, _, rest = host.partition(".")
        return name == host or (bool(first) and bool(rest) and name == f"*.{rest}")


def matches_any(subjects: Sequence[str], patterns: Sequence[str]) -> bool:
    """Report whether a subject, in either order, matches a list such as tls_allowed_dn_list."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(subject, pattern.replace("[", "[[]")) for subject in subjects for pattern in patterns)
