"""Two of the requested options are mutually exclusive.

Why it matters
    libvirt or QEMU refuses each pair with a different message: "offline migration cannot handle non-shared storage",
    "post-copy is not supported with tunnelled migration", "Zero copy only available for non-compressed non-TLS multifd
    migration". A tunnelled offline migration is refused too, and virsh prints only "End of file while reading data: :
    Input/output error", as it may for any error of a peer-to-peer migration over ssh; the log of the source's daemon
    has the reason. All of this was seen with libvirt 7.0, 9.0 and 11.3. Storage is copied alongside the memory of a
    running guest, over a separate port; a guest that is off has no memory to tunnel; and a tunnelled migration uses a
    single connection.

How to fix
    Omit one of the two options that the finding names.
"""

from preflight.facts.control import HUNG_UP
from preflight.rule import Findings, Migration, Severity, on_source, rule

NOT_LIVE = "post-copy migration is not supported with non-live or paused migration"
ZERO_COPY = "Zero copy only available for non-compressed non-TLS multifd migration"

#: Two requested options, and the error that they cause together.
PAIRS: dict[tuple[str, str], str] = {
    ("offline", "copy-storage"): "offline migration cannot handle non-shared storage",
    ("offline", "tunnelled"): HUNG_UP,
    ("offline", "postcopy"): NOT_LIVE,
    ("suspend", "postcopy"): NOT_LIVE,
    ("tunnelled", "postcopy"): "post-copy is not supported with tunnelled migration",
    ("tunnelled", "parallel"): "Flags 'VIR_MIGRATE_TUNNELLED' and 'VIR_MIGRATE_PARALLEL' are mutually exclusive",
    ("tunnelled", "migrateuri"): "migration URI is not supported by tunnelled migration",
    ("tunnelled", "listen-address"): "listen address is not supported by tunnelled migration",
    ("tunnelled", "disks-port"): "disk port address is not supported by tunnelled migration",
    ("tunnelled", "tls"): "TLS handshake failed",
    ("disks-port", "disks-uri"): "Both port and URI requested for disk migration while being mutually exclusive",
    ("tls", "migrateuri unix:"): "Explicit destination hostname is required for TLS migration over UNIX socket",
    ("tls", "disks-uri unix:"): "NBD migration with TLS is not supported over UNIX socket",
    ("zerocopy", "tls"): ZERO_COPY,
    ("zerocopy", "compressed"): ZERO_COPY,
}


@rule(Severity.ERROR, errors=PAIRS.values())
def check(migration: Migration) -> Findings:
    named = {
        "offline": migration.offline,
        "copy-storage": migration.copy_storage,
        "tunnelled": migration.tunnelled,
        "tls": migration.method.tls,
        "migrateuri unix:": migration.memory_to.socket is not None and not migration.method.tls_destination,
        "disks-uri unix:": migration.copy_storage and migration.disks_to.socket is not None,
    }
    asked = {name for name, is_asked in named.items() if is_asked} | migration.flags
    for (one, other), error in PAIRS.items():
        if {one, other} <= asked:
            yield on_source(f"--{one} and --{other} are mutually exclusive", error=error)
