"""The certificates do not allow the guest's memory to be sent over TLS.

Why it matters
    QEMU has its own certificate files, separate from those of libvirt's connections. An end without them reports
    "unable to execute QEMU command 'object-add': Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file
    or directory". An end that rejects the other end's certificate reports "Certificate does not match the hostname", or
    that it "hasn't got a known issuer". QEMU examines its own certificates first, as libvirt does: their times, their
    basic constraints ("basic constraints do not show a CA"), the use of the key and the purpose ("purpose does not
    allow use with a TLS server").

How to fix
    Install ca-cert.pem, server-cert.pem and server-key.pem on each destination, client-cert.pem and client-key.pem on
    each source, in /etc/pki/qemu or the directory that migrate_tls_x509_cert_dir or default_tls_x509_cert_dir in
    qemu.conf names. A source needs no certificate if migrate_tls_x509_verify, or default_tls_x509_verify if that is not
    set, is 0 on the destination. Issue the server's certificate for the name that the destination announces, or the one
    in --migrateuri. If that is an address, name the host with --tls-destination.
"""

from preflight.facts import AnnouncedName, MigrationTls
from preflight.facts.tls import BY_QEMU, CertificateFiles, problem_of_own
from preflight.rule import Findings, Migration, Severity, on_destination, on_source, rule, unless_data_over_tls

#: The source's error if the destination closes the connection, while the source writes or reads.
CUT_OFF = "TLS channel: Input/output error"
#: The start of either end's error about its own files, whatever the reason.
OBJECT = "unable to execute QEMU command 'object-add': "


@rule(
    Severity.ERROR,
    skip=unless_data_over_tls,
    errors=(
        "'migration out' failed: Cannot read from TLS channel:",
        "'object-add': The client certificate ... has expired",
        "'object-add': The server certificate ... has expired",
        "'object-add': Our own certificate ... failed validation against ...",
        "'object-add': The certificate ... basic constraints do not show a CA",
        "'object-add': The certificate ... is missing basic constraints for a CA",
        "'object-add': The certificate ... basic constraints show a CA, but we need one for a server",
        "'object-add': Certificate ... usage does not permit digital signature",
        "'object-add': Certificate ... usage does not permit key encipherment",
        "'object-add': Certificate ... purpose does not allow use with a TLS server",
        "'object-add': Certificate ... purpose does not allow use with a TLS client",
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
    name = migration.method.tls_destination or migration.memory_to.host or destination_name.name.value
    if not theirs.signed_by(trusted):
        yield on_destination(
            f"{theirs.path} is not signed by any of the source's authorities in {trusted.path}",
            error="The certificate hasn't got a known issuer",
        )
    elif not theirs.first.holds(name):
        yield on_destination(
            f"{theirs.path} is issued for {' '.join(theirs.first.names) or 'no name'}, not for {name}",
            error=f"Certificate does not match the hostname {name}",
        )
    elif not theirs.first.serves("server"):
        yield on_destination(f"{theirs.path} may be used by clients only, and the source rejects it")
    elif wrong := theirs.first.timely(client.now):
        yield on_destination(f"{theirs.path} {wrong}, according to the source's clock")
    if destination.verify and not own.exists:
        yield on_source(f"{own.path} is missing, but the destination requires a client certificate", error=CUT_OFF)
    elif destination.verify and not own.signed_by(their_trusted):
        yield on_source(f"{own.path} is not signed by any of the destination's authorities in {their_trusted.path}")


def _own(files: CertificateFiles, end: str) -> str | None:
    """Return the problem that QEMU finds in the files on its own host; a client needs no certificate."""
    authority, certificate, key = files.three
    needed = (authority, certificate, key) if end == "server" or certificate.exists else (authority,)
    missing = [file.path for file in needed if not file.exists]
    if missing:
        return f"Unable to access credentials {missing[0]}: No such file or directory"
    return problem_of_own(files, end, BY_QEMU) if certificate.exists else None
