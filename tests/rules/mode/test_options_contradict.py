"""Requested options that are mutually exclusive."""

from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode
from preflight.rule import Severity
from tests.case import Case

RULE = "options-contradict"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"offline": True, "copy_storage": "all"}, "offline migration cannot handle non-shared storage"),
        ({"offline": True, "mode": Mode.TUNNELLED}, "End of file while reading data"),
        ({"postcopy": True, "mode": Mode.TUNNELLED}, "post-copy is not supported with tunnelled"),
        ({"postcopy": True, "suspend": True}, "not supported with non-live or paused migration"),
        ({"parallel": True, "zerocopy": True, "tls": True}, "Zero copy only available for"),
        ({"tls": True, "migrateuri": "unix:///srv/m.sock"}, "Explicit destination hostname is required for TLS"),
        (
            {"tls": True, "copy_storage": "all", "disks_uri": "unix:///srv/d.sock"},
            "NBD migration with TLS is not supported over UNIX socket",
        ),
        ({"copy_storage": "all", "disks_port": 49200, "disks_uri": "tcp://host2"}, "Both port and URI requested"),
    ],
)
def test_catches_a_pair_that_excludes_each_other(asked: dict[str, Any], error: str) -> None:
    result = Case().asking(**asked).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert error in (finding.predicted_error or "")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"offline": True},
        {"offline": True, "mode": Mode.PEER_TO_PEER},
        {"copy_storage": "all"},
        {"copy_storage": "all", "mode": Mode.PEER_TO_PEER},
        {"mode": Mode.TUNNELLED},
        {"postcopy": True, "auto_converge": True, "bandwidth": 10},
        {"compressed": True, "bandwidth": 10, "mode": Mode.TUNNELLED},
        {"tls": True, "migrateuri": "unix:///srv/m.sock", "tls_destination": "host2.example.com"},
        {"copy_storage": "all", "mode": Mode.TUNNELLED},  # storage-copy-tunnelled reports that
    ],
)
def test_passes_what_goes_together(asked: dict[str, Any]) -> None:
    assert Case().asking(**asked).result(RULE).outcome is Outcome.PASSED
