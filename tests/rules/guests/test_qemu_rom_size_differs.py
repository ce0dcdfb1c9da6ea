"""Sizes of QEMU's own BIOS and option ROMs on either host."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role

from .test_qemu_file_missing import CARD, DISPLAY, FILES, case, listed

RULE = "qemu-rom-size-differs"


@pytest.mark.parametrize(
    ("name", "size", "error"),
    [("efi-virtio", 300_000, "Size mismatch: "), ("bios-256k", 131072, "Size mismatch: pc.bios")],
)
def test_catches_a_file_of_another_size(name: str, size: int, error: str) -> None:
    [finding] = case(CARD.format(""), **{name: size}).result(RULE).findings
    assert finding.host is Role.DESTINATION
    assert f"has {size} bytes on the destination" in finding.message
    assert finding.predicted_error == error


@pytest.mark.parametrize(
    ("name", "size"), [("efi-virtio", 200_000), ("efi-virtio", 262144), ("efi-e1000", 600_000), ("keymaps/de", 1)]
)
def test_passes_a_size_that_is_rounded_up_the_same_or_does_not_count(name: str, size: int) -> None:
    assert case(CARD.format("") + DISPLAY, **{name: size}).result(RULE).outcome is Outcome.PASSED


def test_passes_a_file_that_a_host_has_in_two_sizes() -> None:
    twice = listed({**FILES, "/usr/share/qemu/efi-virtio.rom": 600_000})
    made = case(CARD.format("")).destination("qemu-files", twice)
    assert made.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_files_are() -> None:
    made = case(CARD.format("")).source("qemu-files", Record("", 1, "stat: not found"))
    assert made.result(RULE).outcome is Outcome.UNKNOWN
