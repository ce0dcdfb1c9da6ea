"""libvirt or QEMU does not support a requested option, or a combination of requested options.

Why it matters
    A libvirt daemon that is too old refuses the migration: "unsupported flags (0x100000) in function
    qemuDomainMigrateBegin3Params", "invalid argument: Unsupported compression method 'zstd'". If QEMU lacks a feature,
    or no longer has it, libvirt says "Migration option 'compress' is not supported by QEMU binary". The valid
    combinations differ too: libvirt releases that support zlib and zstd accept xbzrle only over a single connection,
    and zlib and zstd only over several.

How to fix
    Omit the option, or upgrade that host. If a distribution has backported the option to an older release, skip this
    rule: --ignore flag-unsupported. A guest keeps the QEMU that it was started with until it is restarted.
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
            f"QEMU {source.qemu} does not support post-copy over several connections",
            error="Postcopy is not yet compatible with multifd",
        )
    if "compressed" in flags:
        methods = sorted(flag.partition("=")[2] for flag in flags if flag.startswith("comp-methods="))
        yield from _compressed(source, methods, parallel="parallel" in flags)


def _lacking(flag: str, role: Role, versions: Versions) -> Findings:
    known, option = KNOWN[flag], f"--{flag.replace('=', ' ')}"
    if versions.libvirt < known.libvirt:
        yield on_host(
            f"libvirt {versions.libvirt} does not support {option}, which was added in {known.libvirt}",
            role=role,
            error=known.refusal,
        )
    elif versions.qemu < known.qemu or (known.lost is not None and versions.qemu >= known.lost):
        changed = f"added in {known.qemu}" if versions.qemu < known.qemu else f"removed in {known.lost}"
        yield on_host(
            f"QEMU {versions.qemu} does not support {option}, which was {changed}",
            role=role,
            error=UNKNOWN_TO_QEMU.format(known.capability) if known.capability else None,
        )


def _compressed(source: Versions, methods: list[str], *, parallel: bool) -> Findings:
    if source.libvirt < METHODS_KEPT_APART:
        if parallel and "mt" in methods and source.qemu >= COMPRESS_ALONE:
            yield on_source(
                f"QEMU {source.qemu} does not support compression by mt over several connections",
                error="Multifd is not compatible with compress",
            )
        return
    if parallel and not methods:
        yield on_source(
            "compression over several connections needs zlib or zstd, but neither is requested",
            error="No compression algorithm selected for parallel migration",
        )
    if parallel and len(set(methods) & set(FOR_PARALLEL)) > 1:
        yield on_source(
            "compression over several connections takes one method, but several are requested",
            error="Only one compression method could be specified with parallel compression",
        )
    for method in methods:
        if parallel and method not in FOR_PARALLEL:
            error = f"Compression method '{method}' isn't supported with parallel migration"
            yield on_source(f"--comp-methods {method} cannot be used with --parallel", error=error)
        if not parallel and method in FOR_PARALLEL:
            error = f"Compression method '{method}' is only supported with parallel migration"
            yield on_source(f"--comp-methods {method} can be used only with --parallel", error=error)
