import contextlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.libvirt.domain_capabilities import DomainCapabilities
from tests.facts.noise import answers

TEXT = """<domainCapabilities>
  <devices>
    <graphics supported='yes'><enum name='type'><value>vnc</value><value>dbus</value></enum></graphics>
    <redirdev supported='yes'><enum name='bus'/></redirdev>
    <tpm supported='no'/>
  </devices>
</domainCapabilities>
"""


@pytest.mark.parametrize(
    ("device", "listed", "value", "known"),
    [
        ("graphics", "type", "vnc", True),
        ("graphics", "type", "spice", False),
        ("redirdev", "bus", "usb", False),
        ("tpm", "backendModel", "emulator", False),
        ("graphics", "gl", "yes", None),
        ("crypto", "type", "qemu", None),
    ],
)
def test_a_value_is_listed_or_not_or_such_are_not_listed(device: str, listed: str, value: str, known: bool) -> None:
    assert DomainCapabilities.parse(Record(TEXT)).has(device, listed, value) is known


def test_without_an_answer_the_reason_is_given_when_a_device_is_asked_for() -> None:
    with pytest.raises(Unreadable, match="libvirt did not report which devices it supports: no emulator"):
        DomainCapabilities.parse(Record("", 1, "no emulator")).has("graphics", "type", "vnc")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(TEXT):
        with contextlib.suppress(Unreadable):
            DomainCapabilities.parse(record)
