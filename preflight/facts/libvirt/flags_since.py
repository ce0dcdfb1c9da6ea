"""Since when libvirt and QEMU know each flag and parameter of a migration, and what they say that do not.

Sources: of libvirt the public header (include/libvirt/libvirt-domain.h, "Since" of each constant) and NEWS.rst, of
QEMU qapi/migration.json ("Since" of each capability and parameter, v10.0). What a release says that lacks one was seen
with libvirt 7.0 and QEMU 5.2, 9.0 and 7.2, 11.3 and 10.0, unless a line says otherwise. Names are those of virsh.
A distribution may have brought one to an older release.
"""

from msgspec import Struct

from preflight.facts.version import Version

ANY = Version(0)
#: What libvirt says of a bit that it does not know; the bit and the function's name follow.
UNKNOWN_FLAG = "unsupported flags (0x"
#: And of a parameter (virTypedParamsValidate, src/util/virtypedparam.c, read and not seen).
UNKNOWN_PARAMETER = "parameter '{}' not supported"
#: And of a capability that the guest's QEMU does not have (qemuMigrationParamsCheck).
UNKNOWN_TO_QEMU = "Migration option '{}' is not supported by QEMU binary"

#: libvirt takes each method of compression for one of the two ways alone since it knows zlib and zstd.
METHODS_KEPT_APART = Version(9, 4)
FOR_PARALLEL = frozenset(("zlib", "zstd"))
#: The releases of QEMU that refuse post-copy over several connections: seen with 10.0, and not with 5.2 and 7.2.
POSTCOPY_ALONE, POSTCOPY_PARALLEL = Version(8), Version(10, 1)
#: QEMU's own compression by threads: seen to go together with several connections in 5.2, and no longer in 7.2.
COMPRESS_ALONE = Version(6)


class Known(Struct, frozen=True, kw_only=True):
    """Who knows a flag, and what the others say."""

    libvirt: Version
    #: What an older libvirt says.
    refusal: str = UNKNOWN_FLAG
    qemu: Version = ANY
    #: The first QEMU that has lost it again.
    lost: Version | None = None
    #: What a QEMU without it calls it.
    capability: str = ""


def _parameter(name: str, *since: int, qemu: Version = ANY) -> Known:
    return Known(libvirt=Version(*since), refusal=UNKNOWN_PARAMETER.format(name), qemu=qemu)


KNOWN: dict[str, Known] = {
    "change-protection": Known(libvirt=Version(0, 9, 4)),
    "unsafe": Known(libvirt=Version(0, 9, 11)),
    "compressed": Known(libvirt=Version(1, 0, 3), qemu=Version(1, 2), capability="xbzrle"),
    "abort-on-error": Known(libvirt=Version(1, 1, 0)),
    "migrateuri": _parameter("migrate_uri", 1, 1, 0),
    "dname": _parameter("destination_name", 1, 1, 0),
    "xml": _parameter("destination_xml", 1, 1, 0),
    "graphicsuri": _parameter("graphics_uri", 1, 1, 0),
    "listen-address": _parameter("listen_address", 1, 1, 4),
    "auto-converge": Known(libvirt=Version(1, 2, 3), qemu=Version(1, 6), capability="auto-converge"),
    "migrate-disks": _parameter("migrate_disks", 1, 2, 17),
    "disks-port": _parameter("disks_port", 1, 3, 3),
    "postcopy": Known(libvirt=Version(1, 3, 3), qemu=Version(2, 6), capability="postcopy-ram"),
    "persistent-xml": _parameter("persistent_xml", 1, 3, 4),
    "comp-methods": _parameter("compression", 1, 3, 4),
    "auto-converge-initial": _parameter("auto_converge.initial", 2, 0, 0, qemu=Version(2, 7)),
    "auto-converge-increment": _parameter("auto_converge.increment", 2, 0, 0, qemu=Version(2, 7)),
    "tls": Known(libvirt=Version(3, 2, 0), qemu=Version(2, 7)),
    "postcopy-bandwidth": _parameter("bandwidth.postcopy", 5, 1, 0, qemu=Version(3)),
    "parallel": Known(libvirt=Version(5, 2, 0), qemu=Version(4), capability="multifd"),
    "parallel-connections": _parameter("parallel.connections", 5, 2, 0, qemu=Version(4)),
    "tls-destination": _parameter("tls.destination", 6, 0, 0),
    "disks-uri": _parameter("disks_uri", 6, 8, 0),
    "zerocopy": Known(libvirt=Version(8, 5, 0), qemu=Version(7, 1), capability="zero-copy-send"),
    "comp-methods=xbzrle": Known(libvirt=Version(1, 3, 4), qemu=Version(1, 2), capability="xbzrle"),
    "comp-methods=mt": Known(libvirt=Version(1, 3, 4), qemu=Version(2, 4), lost=Version(9, 1), capability="compress"),
    **{
        f"comp-methods={method}": Known(
            libvirt=Version(9, 4, 0),
            refusal=f"Unsupported compression method '{method}'",
            qemu=Version(5),
        )
        for method in ("zlib", "zstd")
    },
}
