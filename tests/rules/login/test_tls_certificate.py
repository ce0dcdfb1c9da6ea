"""Certificates of a control connection over TLS."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Mode, Role, Transport
from preflight.rule import Severity
from tests.case import Case
from tests.certificates import Authority, answer

RULE = "tls-certificate"
NAME = "host2.example.com"
REFUSED = "authentication failed: Failed to verify peer's certificate"
LAB, OTHER = Authority(), Authority("other")
CA, SERVER, KEY = "/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem"
CLIENT, CLIENT_KEY = "/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem"
STOPS = ": the daemon will not start with this file"


def own(**changes: str | None) -> Record:
    """Return the client's files, sound but for what is given: ca, cert, key."""
    files = {"ca": LAB.pem, "cert": LAB.made_out_to("client.example.com"), "key": ""} | changes
    return answer({CA: files["ca"], CLIENT: files["cert"], CLIENT_KEY: files["key"]})


def theirs(**changes: str | None) -> Record:
    """Return the server's files, sound but for what is given."""
    files = {"ca": LAB.pem, "cert": LAB.made_out_to(NAME), "key": ""} | changes
    return answer({CA: files["ca"], SERVER: files["cert"], KEY: files["key"]})


def opened(client: Record, server: Record, *, error: str | None = REFUSED, conf: str = "") -> Case:
    """Return the sound pair over TLS: how libvirt answered, and what either has."""
    told = Record(json.dumps({"uri": f"qemu+tls://{NAME}/system", "error": error}))
    case = Case().asking(transport=Transport.TLS).destination("libvirt.connect", told)
    case.destination("tls.client", client).destination(f"tls.server:{CA} {SERVER} {KEY}", server)
    return case.destination("libvirtd.conf", lambda text: text + conf) if conf else case


def messages(result: Result) -> list[str]:
    return [finding.message for finding in result.findings]


SERVERS = {
    f"The server certificate {SERVER} has expired{STOPS}": LAB.made_out_to(NAME, days=-400),
    f"The server certificate {SERVER} is not yet active{STOPS}": LAB.made_out_to(NAME, days=400),
    f"Our own certificate {SERVER} failed validation against {CA}{STOPS}": OTHER.made_out_to(NAME),
    f"Certificate {SERVER} usage does not permit key encipherment{STOPS}": LAB.made_out_to(NAME, for_keys=False),
    f"{SERVER} is missing: the daemon cannot listen for TLS": None,
    f"{SERVER} is issued for other.example.com, not for {NAME}": LAB.made_out_to("other.example.com"),
}


@pytest.mark.parametrize("message", SERVERS)
def test_catches_what_is_wrong_with_the_servers_certificate(message: str) -> None:
    result = opened(own(), theirs(cert=SERVERS[message])).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert messages(result) == [message]
    assert (result.findings[0].host, result.findings[0].predicted_error) == (Role.DESTINATION, REFUSED)


def test_catches_a_daemon_that_systemd_has_given_up_and_foretells_what_the_next_connection_meets() -> None:
    units = "Id=libvirtd.socket\nLoadState=loaded\nActiveState=failed\n"
    case = opened(own(), theirs(cert=None)).destination("units", units)
    assert case.result(RULE).findings[0].predicted_error == f"unable to connect to server at '{NAME}:"
    case = case.destination("units", lambda text: text.replace("failed", "active"))
    assert case.result(RULE).findings[0].predicted_error == REFUSED


def test_catches_a_server_of_another_authority() -> None:
    result = opened(own(), theirs(ca=OTHER.pem, cert=OTHER.made_out_to(NAME))).result(RULE)
    assert messages(result) == [
        f"{SERVER} is not signed by any of the client's authorities in {CA}",
        f"the client's {CLIENT} is not signed by any of the authorities in {CA}",
    ]


CLIENTS = {
    f"{CA} is missing: the client trusts no server without it": own(ca=None),
    f"{CLIENT} is missing: the client cannot identify itself": own(cert=None),
    f"{CLIENT_KEY} is missing: the client cannot identify itself": own(key=None),
    f"The client certificate {CLIENT} has expired": own(cert=LAB.made_out_to("client", days=-400)),
    f"Our own certificate {CLIENT} failed validation against {CA}": own(cert=OTHER.made_out_to("client")),
}


@pytest.mark.parametrize("message", CLIENTS)
def test_catches_what_is_wrong_with_the_clients_files(message: str) -> None:
    [finding] = opened(CLIENTS[message], theirs()).result(RULE).findings
    assert finding.message == message + ", on the control machine"
    assert finding.host is None


def test_catches_the_sources_files_where_the_source_opens_it() -> None:
    case = opened(own(), theirs()).asking(mode=Mode.PEER_TO_PEER)
    case.source(f"connect:qemu+tls://{NAME}/system", Record("", 1, f"error: {REFUSED}\n"))
    case.source(f"tls.client:{CA} {CLIENT} {CLIENT_KEY}", own(cert=None))
    [finding] = case.result(RULE).findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"{CLIENT} is missing: the client cannot identify itself"


@pytest.mark.parametrize(("listed", "caught"), [("CN=nobody", True), ("O=Lab,CN=client*", False), ("*Lab*", False)])
def test_catches_a_client_that_is_not_on_the_servers_list(listed: str, caught: bool) -> None:
    result = opened(own(), theirs(), conf=f'\ntls_allowed_dn_list = ["{listed}"]\n').result(RULE)
    assert result.blocks is caught


def test_passes_certificates_that_libvirt_did_not_complain_of() -> None:
    # the daemon has read another file before this one expired
    case = opened(own(), theirs(cert=LAB.made_out_to(NAME, days=-400)), error=None)
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["*.example.com", NAME.upper()])
def test_passes_a_name_that_means_the_host(name: str) -> None:
    assert opened(own(), theirs(cert=LAB.made_out_to(name))).result(RULE).outcome is Outcome.PASSED


def test_passes_a_client_without_a_certificate_where_none_is_wanted() -> None:
    case = opened(own(cert=None, key=None), theirs(), conf="\ntls_no_verify_certificate = 1\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_over_ssh() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_connection_was_not_tried_over_tls() -> None:
    result = Case().asking(transport=Transport.TLS).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
    assert "not tls" in (result.reason or "")


def test_is_unknown_when_the_certificate_cannot_be_read() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    result = opened(own(), theirs(cert=broken)).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert f"{SERVER} cannot be parsed as a certificate" in (result.reason or "")


def test_is_unknown_when_no_answer_came_in_time() -> None:
    told = Record(json.dumps({"uri": f"qemu+tls://{NAME}/system", "error": "no answer", "hung": True}))
    result = opened(own(), theirs(cert=None)).destination("libvirt.connect", told).result(RULE)
    assert (result.outcome, result.obscures) == (Outcome.UNKNOWN, True)
