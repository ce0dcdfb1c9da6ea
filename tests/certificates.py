"""Certificates for tests, made on the spot, in the form in which a host answers for them."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from preflight.facts.fact import MISSING, Record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CRITICAL_EC = {
    "content_commitment",
    "data_encipherment",
    "key_agreement",
    "crl_sign",
    "encipher_only",
    "decipher_only",
}


class Authority:
    """One that signs certificates."""

    def __init__(self, name: str = "lab") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} authority")])
        self.pem = self.as_authority()

    def as_authority(self, *, ca: bool | None = True, signs: bool = True) -> str:
        """Return its own certificate; `ca` is that of its basic constraints, or None for none."""
        return self._sign(self._name, self._key, (), days=0, ca=ca, signs=signs)

    def made_out_to(
        self,
        *names: str,
        days: int = 0,
        for_keys: bool = True,
        for_signatures: bool = True,
        ca: bool = False,
        purpose: x509.ObjectIdentifier | None = None,
        critical: bool = True,
    ) -> str:
        """Return a certificate for these names, valid for a year around `NOW` plus this many days.

        `purpose` is its only one, critical or not; None for any.
        """
        subject = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Lab"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0]),
            ]
        )
        return self._sign(
            subject,
            ec.generate_private_key(ec.SECP256R1()),
            names,
            days=days,
            ca=ca,
            for_keys=for_keys,
            for_signatures=for_signatures,
            purpose=None if purpose is None else (purpose, critical),
        )

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: tuple[str, ...],
        *,
        days: int,
        ca: bool | None = False,
        signs: bool | None = None,
        for_keys: bool = True,
        for_signatures: bool = True,
        purpose: tuple[x509.ObjectIdentifier, bool] | None = None,
    ) -> str:
        middle = NOW + timedelta(days=days)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(middle - timedelta(days=182)).not_valid_after(middle + timedelta(days=182))
        usage = dict.fromkeys(_CRITICAL_EC, False)
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=for_signatures,
                key_encipherment=for_keys,
                key_cert_sign=bool(ca) if signs is None else signs,
                **usage,
            ),
            critical=True,
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose[0]]), critical=purpose[1])
        if names:
            alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def answer(files: dict[str, str | None]) -> Record:
    """Return the answer of `questions.certificates` for files by path: None for a missing file, "" for a key."""
    lines = [f"clock {NOW.timestamp():.0f}\n"]
    for path, pem in files.items():
        lines.append(f"file {MISSING if pem is None else 0} {path}\n{pem or ''}")
    return Record("".join(lines))
