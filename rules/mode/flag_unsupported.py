"""A flag is asked for, or two together, that libvirt or QEMU does not have.

Why it matters
    The daemon that is too old refuses the migration: "unsupported flags (0x100000) in function
    qemuDomainMigrateBegin3Params", "invalid argument: Unsupported compression method 'zstd'". Of what QEMU has not, or
    has no longer, libvirt says "Migration option 'compress' is not supported by QEMU binary". What goes together
    differs too: libvirt has xbzrle over one connection alone, and zlib and zstd over several alone, since it knows
    those two.

How to fix
    Leave the option out, or upgrade that host. Where a distribution has brought it to an older release, leave this rule
    out: --ignore flag-unsupported. A guest has the QEMU that it was started with until it is restarted.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import (
    COMPRESS_ALONE,
    FOR_PARALLEL,
    KNOWN,
    METHODS_KEPT_APART,
    POSTCOPY_ALONE,
    POSTCOPY_PARALLEL,
    UNKNOWN_TO_QEMU,
)
from preflight.rule import Findings, Migration, Role, Severity, on_host, on_source, rule


@rule(Severity.ERROR, errors=(*(flag.refusal for flag in KNOWN.values()), UNKNOWN_TO_QEMU.format("...")))
def check(source: Versions, destination: Versions, migration: Migration) -> Findings:
    flags = migration.flags
    for flag in sorted(flags & KNOWN.keys()):
        for role, versions in ((Role.SOURCE, source), (Role.DESTINATION, destination)):
            yield from _lacking(flag, role, versions)
    if {"postcopy", "parallel"} <= flags and POSTCOPY_ALONE <= source.qemu < POSTCOPY_PARALLEL:
        yield on_source(
            f"QEMU {source.qemu} has no post-copy over several connections",
            error="Postcopy is not yet compatible with multifd",
        )
    if "compressed" in flags:
        methods = sorted(flag.partition("=")[2] for flag in flags if flag.startswith("comp-methods="))
        yield from _compressed(source, methods, parallel="parallel" in flags)


def _lacking(flag: str, role: Role, versions: Versions) -> Findings:
    known, option = KNOWN[flag], f"--{flag.replace('=', ' ')}"
    if versions.libvirt < known.libvirt:
        yield on_host(
            f"libvirt {versions.libvirt} does not know {option}, which came with {known.libvirt}",
            role=role,
            error=known.refusal,
        )
    elif versions.qemu < known.qemu or (known.lost is not None and versions.qemu >= known.lost):
        changed = f"came with {known.qemu}" if versions.qemu < known.qemu else f"went with {known.lost}"
        yield on_host(
            f"QEMU {versions.qemu} has no {option}, which {changed}",
            role=role,
            error=UNKNOWN_TO_QEMU.format(known.capability) if known.capability else None,
        )


def _compressed(source: Versions, methods: list[str], *, parallel: bool) -> Findings:
    if source.libvirt < METHODS_KEPT_APART:
        if parallel and "mt" in methods and source.qemu >= COMPRESS_ALONE:
            yield on_source(
                f"QEMU {source.qemu} does not compress by mt over several connections",
                error="Multifd is not compatible with compress",
            )
        return
    if parallel and not methods:
        yield on_source(
            "over several connections the memory is compressed by zlib or zstd, and neither is named",
            error="No compression algorithm selected for parallel migration",
        )
    for method in methods:
        if parallel and method not in FOR_PARALLEL:
            error = f"Compression method '{method}' isn't supported with parallel migration"
            yield on_source(f"--comp-methods {method} is not for --parallel", error=error)
        if not parallel and method in FOR_PARALLEL:
            error = f"Compression method '{method}' is only supported with parallel migration"
            yield on_source(f"--comp-methods {method} is for --parallel alone", error=error)
