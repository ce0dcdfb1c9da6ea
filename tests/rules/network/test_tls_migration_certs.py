"""QEMU's certificates for a migration whose memory is sent over TLS."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.certificates import Authority, answer

RULE = "tls-migration-certs"
NAME = "host2.example.com"
OBJECT = "unable to execute QEMU command 'object-add': "
LAB, OTHER = Authority(), Authority("other")
OWN, USUAL = "/etc/pki/libvirt-migrate", "/etc/pki/qemu"
FILES = ("ca-cert.pem", "{end}-cert.pem", "{end}-key.pem")


def paths(directory: str, end: str) -> list[str]:
    return [f"{directory}/{name.format(end=end)}" for name in FILES]


def having(
    end: str, changes: Mapping[str, str | None] = MappingProxyType({}), *, directory: str = USUAL
) -> tuple[str, Record]:
    """Return an end's answer, whose files are sound but for what is given: ca, cert, key."""
    made: dict[str, str | None] = {
        "ca": LAB.pem,
        "cert": LAB.made_out_to(NAME if end == "server" else "host1.example.com"),
        "key": "",
    }
    files: dict[str, str | None] = dict.fromkeys(paths(OWN, end) + paths(USUAL, end))
    files |= dict(zip(paths(directory, end), (made | dict(changes)).values(), strict=True))
    return f"tls.data:{' '.join(files)}", answer(files)


def over_tls(source: tuple[str, Record] | None = None, destination: tuple[str, Record] | None = None) -> Case:
    case = Case().asking(tls=True)
    return case.source(*(source or having("client"))).destination(*(destination or having("server")))


NONE: dict[str, str | None] = {"ca": None, "cert": None, "key": None}
SERVERS: dict[str, dict[str, str | None]] = {
    f"Unable to access credentials {USUAL}/ca-cert.pem: No such file or directory": NONE,
    f"Unable to access credentials {USUAL}/server-key.pem: No such file or directory": {"key": None},
    f"The server certificate {USUAL}/server-cert.pem has expired": {"cert": LAB.made_out_to(NAME, days=-400)},
    f"The certificate {USUAL}/ca-cert.pem basic constraints do not show a CA": {"ca": LAB.as_authority(ca=False)},
    f"The certificate {USUAL}/ca-cert.pem is missing basic constraints for a CA": {"ca": LAB.as_authority(ca=None)},
    f"Certificate {USUAL}/ca-cert.pem usage does not permit certificate signing": {"ca": LAB.as_authority(signs=False)},
    f"The certificate {USUAL}/server-cert.pem basic constraints show a CA, but we need one for a server": {
        "cert": LAB.made_out_to(NAME, ca=True)
    },
    f"Certificate {USUAL}/server-cert.pem usage does not permit digital signature": {
        "cert": LAB.made_out_to(NAME, for_signatures=False)
    },
    f"Certificate {USUAL}/server-cert.pem purpose does not allow use with a TLS server": {
        "cert": LAB.made_out_to(NAME, purpose=Purpose.CLIENT_AUTH)
    },
}


@pytest.mark.parametrize("message", SERVERS)
def test_catches_files_that_the_destinations_qemu_refuses(message: str) -> None:
    result = over_tls(destination=having("server", SERVERS[message])).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.message, finding.predicted_error) == (Role.DESTINATION, message, OBJECT + message)


def test_catches_files_that_the_sources_qemu_refuses() -> None:
    [finding] = (
        over_tls(source=having("client", {"cert": OTHER.made_out_to("host1.example.com")})).result(RULE).findings
    )
    message = f"Our own certificate {USUAL}/client-cert.pem failed validation against {USUAL}/ca-cert.pem"
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, OBJECT + message)


def test_catches_a_certificate_for_another_name() -> None:
    [finding] = (
        over_tls(destination=having("server", {"cert": LAB.made_out_to("other.example.com")})).result(RULE).findings
    )
    assert finding.message == f"{USUAL}/server-cert.pem is issued for other.example.com, not for {NAME}"
    assert finding.predicted_error == f"Certificate does not match the hostname {NAME}"


def test_catches_a_destination_of_another_authority() -> None:
    server = having("server", {"ca": OTHER.pem, "cert": OTHER.made_out_to(NAME)})
    first, second = over_tls(destination=server).result(RULE).findings
    assert (first.host, first.predicted_error) == (Role.DESTINATION, "The certificate hasn't got a known issuer")
    assert second.host is Role.SOURCE


def test_catches_a_source_without_a_certificate_unless_the_destination_wants_none() -> None:
    source = having("client", {"cert": None, "key": None})
    [finding] = over_tls(source).result(RULE).findings
    assert finding.message == f"{USUAL}/client-cert.pem is missing, but the destination requires a client certificate"
    assert finding.predicted_error == "TLS channel: Input/output error"
    case = over_tls(source).destination("qemu.conf", lambda text: f"{text}\ndefault_tls_x509_verify = 0\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_an_address_in_migrateuri_that_the_certificate_does_not_hold() -> None:
    case = over_tls().asking(migrateuri="tcp://192.0.2.12")
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "Certificate does not match the hostname 192.0.2.12"
    assert case.asking(tls_destination=NAME).result(RULE).outcome is Outcome.PASSED


def test_passes_sound_certificates_wherever_they_are() -> None:
    assert over_tls().result(RULE).outcome is Outcome.PASSED
    assert over_tls(destination=having("server", directory=OWN)).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_without_tls_nor_to_a_guest_that_is_off() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert Case().asking(tls=True, offline=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_snapshot_was_not_asked() -> None:
    result = Case().asking(tls=True).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)


def test_catches_a_server_certificate_for_clients_that_only_the_source_rejects() -> None:
    cert = LAB.made_out_to(NAME, purpose=Purpose.CLIENT_AUTH, critical=False)
    [finding] = over_tls(destination=having("server", {"cert": cert})).result(RULE).findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)
    assert finding.message == f"{USUAL}/server-cert.pem may be used by clients only, and the source rejects it"


def test_catches_a_client_certificate_for_servers() -> None:
    cert = LAB.made_out_to("host1.example.com", purpose=Purpose.SERVER_AUTH)
    [finding] = over_tls(source=having("client", {"cert": cert})).result(RULE).findings
    assert finding.message == f"Certificate {USUAL}/client-cert.pem purpose does not allow use with a TLS client"


def test_passes_a_client_certificate_whose_purpose_is_not_critical() -> None:
    cert = LAB.made_out_to("host1.example.com", purpose=Purpose.SERVER_AUTH, critical=False)
    assert over_tls(source=having("client", {"cert": cert})).result(RULE).outcome is Outcome.PASSED


def test_passes_a_certificate_for_signatures_alone() -> None:
    cert = LAB.made_out_to(NAME, for_keys=False)
    assert over_tls(destination=having("server", {"cert": cert})).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("purpose", [Purpose.SERVER_AUTH, Purpose.ANY_EXTENDED_KEY_USAGE])
def test_passes_a_certificate_for_this_purpose(purpose: ObjectIdentifier) -> None:
    cert = LAB.made_out_to(NAME, purpose=purpose)
    assert over_tls(destination=having("server", {"cert": cert})).result(RULE).outcome is Outcome.PASSED
