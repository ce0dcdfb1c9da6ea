"""Terms of a migration: roles, transports, modes, and the ways in which disks are copied and timeouts handled."""

import enum

#: The greatest bandwidth that libvirt accepts, in MiB/s (QEMU_DOMAIN_MIG_BANDWIDTH_MAX: INT64_MAX bytes), and the
#: greatest downtime that QEMU accepts, in milliseconds (MAX_MIGRATE_DOWNTIME of migration/options.c: 2000 s).
FASTEST, LONGEST_DOWNTIME = 8_796_093_022_207, 2_000_000


class Role(enum.StrEnum):
    """The end of the migration that a host is."""

    SOURCE = "source"
    DESTINATION = "destination"


class Transport(enum.StrEnum):
    """The transport of the control connection to the destination, as in `qemu+ssh://`."""

    SSH = "ssh"
    TLS = "tls"
    TCP = "tcp"
    UNIX = "unix"


class Mode(enum.StrEnum):
    """The program that drives the migration.

    Managed: the client of libvirt talks to both daemons. Peer-to-peer: the source's daemon opens the control
    connection. Tunnelled: peer-to-peer, and the guest's memory is sent through that connection too.
    """

    MANAGED = "managed"
    PEER_TO_PEER = "p2p"
    TUNNELLED = "tunnelled"


class HandOver(enum.StrEnum):
    """The program that starts the guest on the destination.

    Safe: preflight starts the guest, once the source has released it. libvirt itself would start the guest at once,
    and if the answer gets lost, start it on the source again, so that it runs on both hosts
    (virDomainMigrateVersion3Full, src/libvirt-domain.c, and qemuMigrationSrcPerformPeer2Peer3,
    src/qemu/qemu_migration.c, libvirt 9.0, at "RPC failure").

    A managed migration ends if preflight dies, so nothing is lost if preflight is needed to complete it. A peer-to-peer
    migration continues without preflight: there a process that preflight leaves on the source starts the guest if
    preflight dies (`migrate.starter`).
    """

    SAFE = "safe"
    AT_ONCE = "at-once"


class CopyStorage(enum.StrEnum):
    """The extent to which disks are copied: not at all, in full, or only above a backing image on both hosts."""

    NONE = "none"
    ALL = "all"
    INC = "inc"


class OnTimeout(enum.StrEnum):
    """The action on a migration that exceeds its timeout."""

    SUSPEND = "suspend"
    POSTCOPY = "postcopy"
    ABORT = "abort"


class OnGiveUp(enum.StrEnum):
    """The action on a migration that makes no progress; the names of those that `OnTimeout` has too are the same."""

    #: None: the migration continues, without end if need be.
    WAIT = "wait"
    ABORT = "abort"
    POSTCOPY = "postcopy"
    SUSPEND = "suspend"


class FailOn(enum.StrEnum):
    """The mildest finding of a check that gives exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class OnUnknown(enum.StrEnum):
    """The effect of the verdict UNDETERMINED on the exit code: 3, or none."""

    FAIL = "fail"
    WARN = "warn"
