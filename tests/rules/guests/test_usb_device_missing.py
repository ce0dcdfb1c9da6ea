"""USB devices that are passed through."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "usb-device-missing"
KIND = "<vendor id='0x0627'/><product id='0x0001'/>"
PLACE = "<address bus='1' device='3'/>"


def plugged(*numbers: int, product: str = "0001") -> str:
    """Return the answer of a host that has such a device with each of these numbers on bus 1."""
    values = {"idVendor": "0627", "idProduct": product, "busnum": "1"}
    return "".join(
        f"/sys/bus/usb/devices/1-{number}/{name}:{value}\n"
        for number in numbers
        for name, value in (values | {"devnum": str(number)}).items()
    )


def case(source: str, answer: str, attributes: str = "") -> Case:
    device = f"<hostdev mode='subsystem' type='usb'><source{attributes}>{source}</source></hostdev>"
    return Case().xml("</devices>", f"{device}</devices>").destination("usb-devices", answer)


@pytest.mark.parametrize(
    ("source", "attributes", "name"),
    [
        (KIND, "", "0627:0001"),
        (KIND + PLACE, " autoAddress='yes'", "0627:0001"),
        (KIND + PLACE, "", "0627:0001 bus:1 device:3"),
        (PLACE, "", "bus:1 device:3"),
    ],
)
def test_catches_a_device_that_is_not_there(source: str, attributes: str, name: str) -> None:
    result = case(source, plugged(5, product="0002"), attributes).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, f"this host has no USB device {name}")
    assert finding.predicted_error == f"Did not find USB device {name}"


def test_catches_two_of_a_kind() -> None:
    [finding] = case(KIND, plugged(4, 5)).result(RULE).findings
    assert finding.predicted_error == "Multiple USB devices for 627:1"


@pytest.mark.parametrize(
    ("source", "attributes", "numbers"),
    [
        (KIND, "", (9,)),
        (KIND + PLACE, " autoAddress='yes'", (9,)),
        (KIND + PLACE, " autoAddress='yes'", (3, 9)),
        (KIND + PLACE, "", (3, 9)),
        (PLACE, "", (3,)),
        (KIND, " startupPolicy='optional'", ()),
    ],
)
def test_passes_a_device_that_libvirt_finds(source: str, attributes: str, numbers: tuple[int, ...]) -> None:
    assert case(source, plugged(*numbers), attributes).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case(KIND, "").destination("usb-devices", None).result(RULE).outcome is Outcome.UNKNOWN
