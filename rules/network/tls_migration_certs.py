"""The certificates do not let a guest's memory be sent over TLS.

Why it matters
    These are QEMU's own files, not those of libvirt's connections. "unable to execute QEMU command 'object-add': Unable
    to access credentials /etc/pki/qemu/ca-cert.pem: No such file or directory" is what an end without them says;
    "Certificate does not match the hostname", or that it "hasn't got a known issuer", what one that dislikes the
    other's.

How to fix
    Put ca-cert.pem, server-cert.pem and server-key.pem on each destination, client-cert.pem and client-key.pem on each
    source, in /etc/pki/qemu or the directory that qemu.conf names; made out to the name that the destination announces,
    or the one in --migrateuri. Where that is an address, name the host with --tls-destination.
"""

from preflight.facts import AnnouncedName, MigrationTls
from preflight.facts.tls import CertificateFiles, problem_of_own
from preflight.rule import Findings, Migration, Severity, on_destination, on_source, rule, unless_data_over_tls

#: What a source is told that the destination hangs up on, while it writes or while it reads.
CUT_OFF = "TLS channel: Input/output error"
#: What either end says first of its own files, whatever the reason is.
OBJECT = "unable to execute QEMU command 'object-add': "


@rule(
    Severity.ERROR,
    skip=unless_data_over_tls,
    errors=(
        "'object-add': The client certificate ... has expired",
        "'object-add': The server certificate ... has expired",
        "'object-add': Our own certificate ... failed validation against ...",
    ),
)
def check(
    source: MigrationTls, destination: MigrationTls, destination_name: AnnouncedName, migration: Migration
) -> Findings:
    client, server = source.certificates("client"), destination.certificates("server")
    found = False
    for files, end, on_end in ((server, "server", on_destination), (client, "client", on_source)):
        problem = _own(files, end)
        if problem is not None:
            found = True
            yield on_end(problem, error=OBJECT + problem)
    if found:
        return
    (trusted, own, _), (their_trusted, theirs, _) = client.three, server.three
    name = migration.tls_name or migration.data_host or destination_name.name.value
    if not theirs.signed_by(trusted):
        yield on_destination(
            f"{theirs.path} is signed by none of the source's authorities in {trusted.path}",
            error="The certificate hasn't got a known issuer",
        )
    elif not theirs.first.holds(name):
        yield on_destination(
            f"{theirs.path} is made out to {' '.join(theirs.first.names) or 'no name'}, not to {name}",
            error=f"Certificate does not match the hostname {name}",
        )
    elif wrong := theirs.first.timely(client.now):
        yield on_destination(f"{theirs.path} {wrong} by the source's clock")
    if destination.verify and not own.exists:
        yield on_source(f"{own.path} is missing, and the destination wants to see one", error=CUT_OFF)
    elif destination.verify and not own.signed_by(their_trusted):
        yield on_source(f"{own.path} is signed by none of the destination's authorities in {their_trusted.path}")


def _own(files: CertificateFiles, end: str) -> str | None:
    """What QEMU finds wrong with the files of its own end; a client may do without a certificate."""
    authority, certificate, key = files.three
    needed = (authority, certificate, key) if end == "server" or certificate.exists else (authority,)
    missing = [file.path for file in needed if not file.exists]
    if missing:
        return f"Unable to access credentials {missing[0]}: No such file or directory"
    return problem_of_own(files, end) if certificate.exists else None
