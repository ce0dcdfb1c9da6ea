"""Devices for which the destination is too old."""

import json

import pytest

from preflight.judge.report import Outcome
from tests.case import Case

RULE = "device-newer-than-destination"
CARD = "<interface type='user'><model type='igb'/></interface>"
STORE = "<pstore backend='acpi-erst'><path>/srv/erst</path></pstore>"
SPEAKER = "<sound model='pcspk'/>"


def with_device(xml: str, libvirt: int, qemu: int) -> Case:
    versions = json.dumps({"libvirt": libvirt, "hypervisor": qemu, "type": "QEMU"})
    return Case().xml("</devices>", f"{xml}</devices>").destination("libvirt.versions", versions)


@pytest.mark.parametrize(
    ("xml", "error"),
    [
        (CARD, "'igb' is not a valid device model name"),
        (STORE, "Unable to read from socket"),
        (SPEAKER, "-soundhw: invalid option"),
    ],
)
def test_catches_a_device_of_a_later_release(xml: str, error: str) -> None:
    result = with_device(xml, 9_000_000, 7_002_022).result(RULE)
    assert result.outcome is Outcome.FAILED
    assert [finding.predicted_error for finding in result.findings] == [error]


@pytest.mark.parametrize("xml", [CARD, STORE, SPEAKER])
def test_passes_a_device_that_the_destination_knows(xml: str) -> None:
    assert with_device(xml, 11_003_000, 10_000_013).result(RULE).outcome is Outcome.PASSED


def test_passes_the_speaker_with_a_qemu_that_has_the_old_option() -> None:
    assert with_device(SPEAKER, 7_000_000, 5_002_000).result(RULE).outcome is Outcome.PASSED


def test_passes_other_cards_and_sound() -> None:
    xml = "<interface type='user'><model type='e1000e'/></interface><sound model='ich9'/>"
    assert with_device(xml, 7_000_000, 5_002_000).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_nobody_tried_the_speaker_with_that_release() -> None:
    result = with_device(SPEAKER, 10_000_000, 8_002_000).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "it is unknown whether libvirt 10.0.0 can start a guest with a PC speaker"


def test_is_unknown_when_the_versions_are() -> None:
    assert Case().destination("libvirt.versions", None).result(RULE).outcome is Outcome.UNKNOWN


def overriding(*, source: int, destination: int) -> Case:
    """A guest that overrides a property, between these releases of QEMU, as libvirt numbers them."""
    case = Case().xml("<domain ", "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' ")
    case = case.xml("</domain>", "<qemu:override></qemu:override></domain>")
    case = case.source("libvirt.versions", lambda text: json.dumps(json.loads(text) | {"hypervisor": source}))
    return case.destination("libvirt.versions", lambda text: json.dumps(json.loads(text) | {"hypervisor": destination}))


def test_is_unknown_when_an_older_qemu_is_given_overridden_properties() -> None:
    result = overriding(source=10_000_000, destination=7_002_021).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the guest overrides properties of its devices, which QEMU 7.2.21 may not know"


@pytest.mark.parametrize("destination", [7_002_020, 10_000_000])
def test_passes_overridden_properties_where_qemu_is_not_older(destination: int) -> None:
    assert overriding(source=7_002_020, destination=destination).result(RULE).outcome is Outcome.PASSED
