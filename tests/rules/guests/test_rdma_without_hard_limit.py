"""RDMA for a guest whose memory has no hard limit."""

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "rdma-without-hard-limit"


def with_memtune(text: str) -> Case:
    case = Case().xml("<os>", f"{text}<os>") if text else Case()
    return case.asking(migrateuri="rdma://192.0.2.12")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<memtune><soft_limit unit='KiB'>100000</soft_limit></memtune>",
        "<memtune><hard_limit unit='KiB'>9007199254740991</hard_limit></memtune>",
    ],
)
def test_catches_a_guest_without_one(text: str) -> None:
    result = with_memtune(text).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.message == "<memtune> sets no <hard_limit>"
    assert finding.predicted_error == "cannot start RDMA migration with no memory hard limit set"


@pytest.mark.parametrize(
    "limit", ["<hard_limit unit='KiB'>2000000</hard_limit>", "<hard_limit unit='G'>1</hard_limit>"]
)
def test_passes_a_guest_with_one(limit: str) -> None:
    assert with_memtune(f"<memtune>{limit}</memtune>").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_memory_that_goes_over_tcp() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_libvirt_did_not_tell_of_the_guest() -> None:
    case = Case().source("libvirt.domains", None).asking(migrateuri="rdma://192.0.2.12")
    assert case.result(RULE).outcome is Outcome.UNKNOWN
