"""What libvirt's daemons have logged last, as libvirt 9.0 logs it to the journal."""

import pytest

from preflight.answers import Record
from preflight.facts import LastError

BACKING = "Failed to create memory backing dir /etc/hostname/ram/libvirt/qemu: Not a directory"
CONFINED = 'unsupported configuration: Security driver "none" cannot create confined guests'
DRIVERS = "internal error: Failed to initialize security drivers"
WRAPPED, LAST = "Initialization of QEMU state driver failed: ", "Driver state initialization failed"
OTHER = "internal error: Failed to get udev device for syspath '/sys/devices/virtual/dmi/id'"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([OTHER, BACKING, WRAPPED + BACKING, LAST], BACKING),
        ([OTHER, CONFINED, DRIVERS, WRAPPED + DRIVERS, LAST], CONFINED),
        ([OTHER], OTHER),
        ([LAST], None),
        ([], None),
        (["x" * 5000], "x" * 300),
    ],
)
def test_the_last_error_is_the_last_that_names_a_cause(lines: list[str], text: str | None) -> None:
    assert LastError.parse(Record("\n".join(lines))).text == text


def test_a_log_that_cannot_be_read_says_nothing() -> None:
    assert LastError.parse(Record("", 1, "sudo: a password is required")).text is None
