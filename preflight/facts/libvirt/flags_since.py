"""Releases since which libvirt and QEMU support each migration flag and parameter, and the errors of older ones.

The releases are those of the declarations in `preflight.request.options`, which names their sources. Names are virsh's.
"""

from msgspec import Struct

from preflight.facts.version import Version
from preflight.request.options import Told, all_told

ANY = Version(0)
#: libvirt's error for an unknown flag bit; the bit and the name of the function follow.
UNKNOWN_FLAG = "unsupported flags (0x"
#: libvirt's error for an unknown parameter (virTypedParamsValidate, src/util/virtypedparam.c, read and not seen).
UNKNOWN_PARAMETER = "parameter '{}' not supported"
#: libvirt's error for a capability that the guest's QEMU does not have (qemuMigrationParamsCheck).
UNKNOWN_TO_QEMU = "Migration option '{}' is not supported by QEMU binary"

#: Since this release, which added zlib and zstd, libvirt accepts each compression method only with or only without
#: parallel connections.
METHODS_KEPT_APART = Version(9, 4)
FOR_PARALLEL = frozenset(("zlib", "zstd"))
#: The QEMU releases that reject post-copy over several connections: seen with 10.0, not with 5.2 and 7.2.
POSTCOPY_ALONE, POSTCOPY_PARALLEL = Version(8), Version(10, 1)
#: QEMU's own compression by threads: seen to work together with several connections in 5.2, but not in 7.2.
COMPRESS_ALONE = Version(6)


class Known(Struct, frozen=True, kw_only=True):
    """Releases that support a flag, and the errors of those that do not."""

    libvirt: Version
    #: The error of an older libvirt.
    refusal: str = UNKNOWN_FLAG
    qemu: Version = ANY
    #: The first QEMU release without it.
    lost: Version | None = None
    #: Name of the capability in the error about a QEMU without it.
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


#: Flags by their virsh names; each compression method also has its own entry: "comp-methods=zstd".
KNOWN: dict[str, Known] = {name: _known(told) for name, told in all_told().items() if told.since is not None}
