"""The connection to the destination's libvirt over TLS fails because of a certificate.

Why it matters
    Client and server present certificates to each other. libvirt does not say what is wrong with a certificate:
    "authentication failed: Failed to verify peer's certificate", "Unable to read TLS confirmation: Input/output error",
    or, if the destination's daemon does not start because of its own files, "TLS handshake failed", and "unable to
    connect to server at 'host2:16514': Connection refused" once systemd has given up.

How to fix
    Give each end a certificate that is valid now, issued for the name in the URI, and signed by the authority in the
    other end's cacert.pem. Then restart the destination's daemon, which reads its files only when it starts.
"""

from collections.abc import Iterator

from preflight.facts import ManagedConnection, NetworkListener, SourcesConnection
from preflight.facts.control import ControlConnection
from preflight.facts.tls import BY_LIBVIRT, CertificateFiles, matches_any, problem_of_own
from preflight.rule import Findings, Migration, Severity, on_destination, on_host, on_source, rule, unless_over_tls


@rule(
    Severity.ERROR,
    skip=unless_over_tls,
    errors=(
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:16514': Connection refused",
        "The client certificate ... has expired",
        "Unable to read TLS confirmation: Input/output error",
        "authentication failed: Failed to verify peer's certificate",
        "authentication failed: TLS handshake failed",
        "Unable to get remote socket name: Transport endpoint is not connected",
        "Cannot read CA certificate '...': No such file or directory",
    ),
)
def check(
    source: SourcesConnection,
    destination: ManagedConnection,
    destination_listener: NetworkListener,
    migration: Migration,
) -> Findings:
    opened: ControlConnection = source if migration.peer_to_peer else destination
    if opened.error is None:
        return
    on_client = on_source if migration.peer_to_peer else on_host
    where = "" if migration.peer_to_peer else ", on the control machine"
    client = opened.certificates
    unverified = destination_listener.conf.get("tls_no_verify_certificate")
    wanted = unverified is None or not unverified.value
    clients = list(_client(client, wanted=wanted))
    for problem in clients:
        yield on_client(problem + where, error=opened.error)
    server = destination_listener.certificates
    problem_there = destination_listener.problem
    if problem_there is not None:
        # the connection that made systemd give up was reset, but later ones find no listener
        refused = f"unable to connect to server at '{migration.control_host}:"
        yield on_destination(problem_there, error=refused if destination_listener.given_up else opened.error)
    if not clients and problem_there is None:
        for problem in _disliked_server(client, server, migration.control_host):
            yield on_destination(problem, error=opened.error)
        for problem in _disliked_client(client, server, destination_listener) if wanted else ():
            yield on_destination(problem, error=opened.error)


def _client(files: CertificateFiles, *, wanted: bool) -> Iterator[str]:
    """Yield the problems of the client's own files; `wanted` if the server requests a certificate."""
    authority, certificate, key = files.three
    if not authority.exists:
        yield f"{authority.path} is missing: the client trusts no server without it"
    elif not certificate.exists or not key.exists:
        if wanted:
            yield f"{(key if certificate.exists else certificate).path} is missing: the client cannot identify itself"
    elif problem := problem_of_own(files, "client", BY_LIBVIRT):
        yield problem


def _disliked_server(client: CertificateFiles, server: CertificateFiles, host: str) -> Iterator[str]:
    """Yield the problems that the client finds in the server's certificate."""
    (trusted, *_), (_, theirs, _) = client.three, server.three
    if not theirs.signed_by(trusted):
        yield f"{theirs.path} is not signed by any of the client's authorities in {trusted.path}"
    elif not theirs.first.holds(host):
        yield f"{theirs.path} is issued for {' '.join(theirs.first.names) or 'no name'}, not for {host}"
    if wrong := theirs.first.timely(client.now):
        yield f"{theirs.path} {wrong}, according to the client's clock"


def _disliked_client(client: CertificateFiles, server: CertificateFiles, listener: NetworkListener) -> Iterator[str]:
    """Yield the problems that the server finds in the client's certificate."""
    (_, own, _), (trusted, *_) = client.three, server.three
    if not own.signed_by(trusted):
        yield f"the client's {own.path} is not signed by any of the authorities in {trusted.path}"
    allowed = listener.conf.get("tls_allowed_dn_list")
    if allowed and isinstance(allowed.value, tuple):
        patterns = [str(pattern) for pattern in allowed.value]
        if not matches_any(own.first.subjects, patterns):
            yield f"tls_allowed_dn_list in {listener.conf.path} does not include the client, {own.first.subjects[0]}"
