"""An unknown is followed by what would make it known, by the reason that is its cause."""

import time

import pytest

from preflight.output.remedies import Row, remedy


@pytest.mark.parametrize(
    ("reason", "resolved"),
    [
        ("no answer within 60 s", "--timeout"),
        ("the host did not report its memory: memory was not collected", "Take it again"),
        ("the number of clients of libvirtd is unknown: virt-admin could not be queried: x", "virt-admin"),
        ("firewall: sudo: nft: command not found", "install it"),
    ],
)
def test_the_innermost_cause_counts(reason: str, resolved: str) -> None:
    assert resolved in str(remedy(reason))


@pytest.mark.parametrize("reason", ["", "no such reason", "no answer within", "...", ": : "])
def test_a_reason_without_a_row_has_no_remedy(reason: str) -> None:
    assert remedy(reason) is None


def test_parts_are_found_in_order_and_do_not_overlap() -> None:
    assert Row(("a ", " b ", " c"), "").fits("a 1 b 2 c")
    assert not Row(("a ", " b ", " c"), "").fits("a 1 c")
    assert not Row(("ab", "ba"), "").fits("aba")


def test_a_hostile_reason_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    remedy("the " * 20_000 + ": " * 200)
    assert time.process_time() - began < 2
