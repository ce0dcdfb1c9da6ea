"""Requested options, compared with those that the hosts' libvirt and QEMU support."""

import json
from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "flag-unsupported"
BULLSEYE, BOOKWORM, TRIXIE = (7_000_000, 5_002_000), (9_000_000, 7_002_022), (11_003_000, 10_000_002)


def between(source: tuple[int, int], destination: tuple[int, int], **asked: Any) -> Case:
    def record(libvirt: int, qemu: int) -> str:
        return json.dumps({"libvirt": libvirt, "hypervisor": qemu, "type": "QEMU"})

    case = Case().asking(**asked)
    return case.source("libvirt.versions", record(*source)).destination("libvirt.versions", record(*destination))


@pytest.mark.parametrize(
    ("release", "asked", "error"),
    [
        (BULLSEYE, {"zerocopy": True, "parallel": True}, "unsupported flags (0x"),
        (BOOKWORM, {"compressed": True, "comp_methods": ["zstd"]}, "Unsupported compression method 'zstd'"),
        (
            TRIXIE,
            {"compressed": True, "comp_methods": ["mt"]},
            "Migration option 'compress' is not supported by QEMU binary",
        ),
        (TRIXIE, {"postcopy": True, "parallel": True}, "Postcopy is not yet compatible with multifd"),
        (TRIXIE, {"compressed": True, "parallel": True}, "No compression algorithm selected for parallel migration"),
        (TRIXIE, {"compressed": True, "comp_methods": ["zlib"]}, "'zlib' is only supported with parallel migration"),
        (
            TRIXIE,
            {"compressed": True, "parallel": True, "comp_methods": ["zlib", "zstd"]},
            "Only one compression method could be specified with parallel compression",
        ),
        (
            TRIXIE,
            {"compressed": True, "parallel": True, "comp_methods": ["xbzrle"]},
            "'xbzrle' isn't supported with parallel migration",
        ),
        (
            BOOKWORM,
            {"compressed": True, "parallel": True, "comp_methods": ["mt"]},
            "Multifd is not compatible with compress",
        ),
        (BULLSEYE, {"copy_storage": "all", "copy_storage_synchronous_writes": True}, "unsupported flags (0x"),
        (
            BOOKWORM,
            {"compressed": True, "comp_zlib_level": 5, "comp_methods": ["zlib"]},
            "parameter 'compression.zlib.level' not supported",
        ),
        (
            BOOKWORM,
            {"copy_storage": "all", "migrate_disks_detect_zeroes": ["vda"]},
            "parameter 'migrate_disks_detect_zeroes' not supported",
        ),
        (
            TRIXIE,
            {"copy_storage": "all", "migrate_disks_target_zero": ["vda"]},
            "parameter 'migrate_disks_target_zero' not supported",
        ),
    ],
)
def test_catches_what_a_release_was_seen_to_refuse(release: tuple[int, int], asked: dict[str, Any], error: str) -> None:
    result = between(release, release, **asked).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert any(error in (finding.predicted_error or "") for finding in result.findings)


def test_catches_what_the_destination_alone_does_not_know() -> None:
    result = between(TRIXIE, BOOKWORM, parallel=True, compressed=True, comp_methods=["zstd"]).result(RULE)
    [finding] = result.findings
    assert finding.host == "destination"
    assert finding.message == "libvirt 9.0.0 does not support --comp-methods zstd, which was added in 9.4.0"


def test_names_the_release_that_brought_it() -> None:
    [there, here] = between(BOOKWORM, BOOKWORM, available_switchover_bandwidth=100).result(RULE).findings
    assert there.message == "libvirt 9.0.0 does not support --available-switchover-bandwidth, which was added in 11.1.0"
    assert {there.host, here.host} == {"source", "destination"}


@pytest.mark.parametrize(
    ("release", "asked"),
    [
        (BULLSEYE, {}),
        (
            BULLSEYE,
            {
                "compressed": True,
                "comp_mt_level": 5,
                "comp_mt_threads": 2,
                "comp_mt_dthreads": 2,
                "comp_methods": ["mt"],
            },
        ),
        (
            BOOKWORM,
            {
                "compressed": True,
                "comp_xbzrle_cache": 65536,
                "copy_storage": "all",
                "copy_storage_synchronous_writes": True,
                "comp_methods": ["xbzrle"],
            },
        ),
        (
            TRIXIE,
            {
                "parallel": True,
                "compressed": True,
                "comp_zlib_level": 5,
                "available_switchover_bandwidth": 100,
                "comp_methods": ["zlib"],
            },
        ),
        (TRIXIE, {"parallel": True, "compressed": True, "comp_zstd_level": 5, "comp_methods": ["zstd"]}),
        (
            TRIXIE,
            {"copy_storage": "all", "migrate_disks_detect_zeroes": ["vda"], "copy_storage_synchronous_writes": True},
        ),
        (BULLSEYE, {"parallel": True, "postcopy": True}),
        (BULLSEYE, {"parallel": True, "compressed": True, "comp_methods": ["mt"]}),
        (
            BOOKWORM,
            {
                "parallel": True,
                "postcopy": True,
                "auto_converge": True,
                "dname": "other",
                "xml": "<domain/>",
                "listen_address": "192.0.2.12",
                "copy_storage": "all",
                "disks_uri": "tcp://192.0.2.12",
            },
        ),
        (BOOKWORM, {"compressed": True, "comp_methods": ["mt", "xbzrle"]}),
        (BOOKWORM, {"parallel": True, "compressed": True}),
        (TRIXIE, {"parallel": True, "compressed": True, "comp_methods": ["zstd"]}),
        (TRIXIE, {"compressed": True, "comp_methods": ["xbzrle"]}),
        (TRIXIE, {"parallel": True, "zerocopy": True, "tls": True, "tls_destination": "host2"}),
    ],
)
def test_passes_what_a_release_was_seen_to_take(release: tuple[int, int], asked: dict[str, Any]) -> None:
    assert between(release, release, **asked).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_version_is_not_known() -> None:
    assert Case().source("libvirt.versions", None).result(RULE).outcome is Outcome.UNKNOWN
