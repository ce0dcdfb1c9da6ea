"""Requested options, compared with those that the hosts' libvirt and QEMU support."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "flag-unsupported"
BULLSEYE, BOOKWORM, TRIXIE = (7_000_000, 5_002_000), (9_000_000, 7_002_022), (11_003_000, 10_000_002)


def between(source: tuple[int, int], destination: tuple[int, int], *flags: str) -> Case:
    def record(libvirt: int, qemu: int) -> str:
        return json.dumps({"libvirt": libvirt, "hypervisor": qemu, "type": "QEMU"})

    case = Case().asking(flags=frozenset(flags))
    return case.source("libvirt.versions", record(*source)).destination("libvirt.versions", record(*destination))


@pytest.mark.parametrize(
    ("release", "flags", "error"),
    [
        (BULLSEYE, ("zerocopy", "parallel"), "unsupported flags (0x"),
        (BOOKWORM, ("compressed", "comp-methods", "comp-methods=zstd"), "Unsupported compression method 'zstd'"),
        (TRIXIE, ("compressed", "comp-methods=mt"), "Migration option 'compress' is not supported by QEMU binary"),
        (TRIXIE, ("postcopy", "parallel"), "Postcopy is not yet compatible with multifd"),
        (TRIXIE, ("compressed", "parallel"), "No compression algorithm selected for parallel migration"),
        (TRIXIE, ("compressed", "comp-methods=zlib"), "'zlib' is only supported with parallel migration"),
        (TRIXIE, ("compressed", "comp-methods=xbzrle", "parallel"), "'xbzrle' isn't supported with parallel migration"),
        (BOOKWORM, ("compressed", "comp-methods=mt", "parallel"), "Multifd is not compatible with compress"),
        (BULLSEYE, ("copy-storage-synchronous-writes",), "unsupported flags (0x"),
        (BOOKWORM, ("comp-zlib-level",), "parameter 'compression.zlib.level' not supported"),
        (BOOKWORM, ("migrate-disks-detect-zeroes",), "parameter 'migrate_disks_detect_zeroes' not supported"),
        (TRIXIE, ("migrate-disks-target-zero",), "parameter 'migrate_disks_target_zero' not supported"),
    ],
)
def test_catches_what_a_release_was_seen_to_refuse(
    release: tuple[int, int], flags: tuple[str, ...], error: str
) -> None:
    result = between(release, release, *flags).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert any(error in (finding.predicted_error or "") for finding in result.findings)


def test_catches_what_the_destination_alone_does_not_know() -> None:
    result = between(TRIXIE, BOOKWORM, "parallel", "compressed", "comp-methods=zstd").result(RULE)
    [finding] = result.findings
    assert finding.host == "destination"
    assert finding.message == "libvirt 9.0.0 does not support --comp-methods zstd, which was added in 9.4.0"


def test_names_the_release_that_brought_it() -> None:
    [there, here] = between(BOOKWORM, BOOKWORM, "available-switchover-bandwidth").result(RULE).findings
    assert there.message == "libvirt 9.0.0 does not support --available-switchover-bandwidth, which was added in 11.1.0"
    assert {there.host, here.host} == {"source", "destination"}


@pytest.mark.parametrize(
    ("release", "flags"),
    [
        (BULLSEYE, ()),
        (BULLSEYE, ("compressed", "comp-methods=mt", "comp-mt-level", "comp-mt-threads", "comp-mt-dthreads")),
        (BOOKWORM, ("compressed", "comp-methods=xbzrle", "comp-xbzrle-cache", "copy-storage-synchronous-writes")),
        (TRIXIE, ("comp-zlib-level", "comp-zstd-level", "available-switchover-bandwidth")),
        (TRIXIE, ("migrate-disks-detect-zeroes", "copy-storage-synchronous-writes")),
        (BULLSEYE, ("parallel", "postcopy")),
        (BULLSEYE, ("parallel", "compressed", "comp-methods=mt")),
        (BOOKWORM, ("parallel", "postcopy", "auto-converge", "dname", "xml", "listen-address", "disks-uri")),
        (BOOKWORM, ("compressed", "comp-methods=mt", "comp-methods=xbzrle")),
        (BOOKWORM, ("parallel", "compressed")),
        (TRIXIE, ("parallel", "compressed", "comp-methods=zstd")),
        (TRIXIE, ("compressed", "comp-methods=xbzrle")),
        (TRIXIE, ("parallel", "zerocopy", "tls-destination")),
    ],
)
def test_passes_what_a_release_was_seen_to_take(release: tuple[int, int], flags: tuple[str, ...]) -> None:
    assert between(release, release, *flags).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_version_is_not_known() -> None:
    assert Case().source("libvirt.versions", None).result(RULE).outcome is Outcome.UNKNOWN
