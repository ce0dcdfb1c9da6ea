"""Since when libvirt and QEMU know each flag and parameter of a migration, and what they say that do not.

The releases are those of the declarations in `preflight.request.options`, which names their sources. Names are virsh's.
"""

from msgspec import Struct

from preflight.facts.version import Version
from preflight.request.options import Told, all_told

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


def _known(told: Told) -> Known:
    unknown = UNKNOWN_FLAG if told.parameter is None else UNKNOWN_PARAMETER.format(told.parameter)
    return Known(
        libvirt=Version(*(told.since or (0,))),
        refusal=told.refusal or unknown,
        qemu=Version(*told.qemu),
        lost=None if told.lost is None else Version(*told.lost),
        capability=told.capability,
    )


#: By virsh's names; each method of compression is one of its own too: "comp-methods=zstd".
KNOWN: dict[str, Known] = {name: _known(told) for name, told in all_told().items() if told.since is not None}
