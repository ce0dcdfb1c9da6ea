"""Sizes of the files that hold the contents of NVDIMMs."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import gone, there

RULE = "memory-file-too-small"
FILE = "/srv/nvdimm/web"
MIB = 1024 * 1024


def case(away: str, size: str = "<size unit='KiB'>65536</size>", path: str = FILE) -> Case:
    """Return the sound pair, whose guest has an NVDIMM of 64 MiB, and what the destination says of its file."""
    source = f"<source><path>{path}</path></source><target>{size}<node>0</node></target>"
    found = Case().xml("</devices>", f"<memory model='nvdimm' access='shared'>{source}</memory></devices>")
    return found.destination("paths", lambda text: text + away)


@pytest.mark.parametrize("size", ["<size unit='KiB'>65536</size>", "<size>65536</size>", "<size unit='MiB'>64</size>"])
def test_catches_a_smaller_file(size: str) -> None:
    result = case(there(FILE, size=32 * MIB), size).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{FILE} has 33554432 bytes, and the NVDIMM whose contents it holds has 67108864"
    assert finding.predicted_error == "backing store size 0x2000000 does not match 'size' option 0x4000000"


@pytest.mark.parametrize(
    "away",
    [there(FILE, size=0), there(FILE, size=64 * MIB), there(FILE, size=65 * MIB), there(FILE, mode="21b6", size=0)],
    ids=["empty", "as large", "larger", "a device"],
)
def test_passes_a_file_that_qemu_takes(away: str) -> None:
    assert case(away).result(RULE).outcome is Outcome.PASSED


def test_passes_a_file_that_is_reported_as_missing() -> None:
    assert case(gone(FILE)).result(RULE).outcome is Outcome.PASSED


def test_passes_memory_without_a_file() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case(there(FILE)).destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_the_size_is_no_size() -> None:
    result = case(there(FILE), "<size unit='shelf'>1</size>").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "its XML has an invalid size: 1 shelf")
