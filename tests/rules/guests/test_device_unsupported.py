"""The guest's devices, compared with those that libvirt lists for the destination's QEMU."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "device-unsupported"


def capabilities(**listed: dict[str, str]) -> str:
    """Return domain capabilities with these lists, as graphics={"type": "vnc spice"}; {} means not supported."""
    devices = "".join(
        f"<{device} supported='{'yes' if enums else 'no'}'>"
        + "".join(
            f"<enum name='{name}'>{''.join(f'<value>{value}</value>' for value in values.split())}</enum>"
            for name, values in enums.items()
        )
        + f"</{device}>"
        for device, enums in listed.items()
    )
    return f"<domainCapabilities><path>/usr/bin/qemu</path><devices>{devices}</devices></domainCapabilities>"


ALL = capabilities(
    graphics={"type": "vnc"},
    video={"modelType": "vga cirrus virtio"},
    tpm={"backendModel": "passthrough emulator", "backendVersion": "1.2 2.0"},
    redirdev={"bus": ""},
    channel={"type": "pty unix"},
)
TPM = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"


def case(device: str, told: str | Record = ALL) -> Case:
    return Case().xml("</devices>", f"{device}</devices>").destination("libvirt.domain-capabilities", told)


def test_catches_graphics_that_the_destination_lacks() -> None:
    result = case("<graphics type='spice'/>").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "this host's QEMU does not support spice graphics")
    assert finding.predicted_error == "spice graphics are not supported with this QEMU"


@pytest.mark.parametrize(
    ("device", "error"),
    [
        (
            "<video><model type='qxl' heads='1'/></video>",
            "domain configuration does not support video model 'qxl'",
        ),
        ("<channel type='spicevmc'><target type='virtio'/></channel>", None),
        ("<redirdev bus='usb' type='spicevmc'/>", None),
        ("<tpm model='tpm-tis'><backend type='external'/></tpm>", None),
    ],
)
def test_catches_other_devices(device: str, error: str | None) -> None:
    [finding] = case(device).result(RULE).findings
    assert finding.predicted_error == error


@pytest.mark.parametrize(
    "told", [capabilities(tpm={}), capabilities(tpm={"backendModel": "passthrough emulator", "backendVersion": ""})]
)
def test_catches_a_tpm_without_its_emulator(told: str) -> None:
    errors = {finding.predicted_error for finding in case(TPM, told).result(RULE).findings}
    assert errors == {"TPM version '2.0' is not supported"}


@pytest.mark.parametrize(
    "device",
    [
        "<graphics type='vnc'/><video><model type='virtio'/></video>",
        TPM,
        "<channel type='unix'><target type='virtio'/></channel>",
    ],
)
def test_passes_what_is_listed(device: str) -> None:
    assert case(device).result(RULE).outcome is Outcome.PASSED


def test_passes_what_this_libvirt_does_not_list() -> None:
    assert case(TPM, capabilities(graphics={"type": "vnc"})).result(RULE).outcome is Outcome.PASSED


def test_passes_what_an_older_libvirt_may_have_without_listing_it() -> None:
    def older(text: str) -> str:
        return json.dumps(json.loads(text) | {"libvirt": 7000000})

    device = "<video><model type='bochs'/></video>"
    assert case(device).destination("libvirt.versions", older).result(RULE).outcome is Outcome.PASSED
    assert case("<graphics type='spice'/>").destination("libvirt.versions", older).result(RULE).findings


def test_passes_a_guest_without_such_devices_whatever_is_told() -> None:
    assert Case().destination("libvirt.domain-capabilities", Record("", 1, "x")).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    offline = case("<graphics type='spice'/>").asking(offline=True, guests=("web",))
    assert offline.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Record("", 1, "no emulator"), "libvirt did not report which devices it supports: no emulator"),
        ("<capabilities/>", "libvirt's domain capabilities are a <capabilities>, not a <domainCapabilities>"),
        ("nonsense", "libvirt did not report which devices it supports: not well-formed XML: "),
    ],
)
def test_is_unknown_when_libvirt_did_not_tell(told: str | Record, reason: str) -> None:
    result = case("<graphics type='spice'/>", told).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert str(result.reason).startswith(reason)
