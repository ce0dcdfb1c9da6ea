"""Releases of libvirt and QEMU."""

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.version import Version
from tests.facts.noise import answers

GOOD = '{"libvirt": 9000000, "hypervisor": 7002022, "type": "QEMU", "hypervisor_uri": "qemu:///system"}'


def test_reads_libvirts_numbers() -> None:
    found = Versions.parse(Record(GOOD))
    assert (str(found.libvirt), str(found.qemu)) == ("9.0.0", "7.2.22")


def test_versions_are_ordered_by_their_numbers() -> None:
    assert Version(9, 10) > Version(9, 9, 99) > Version(8, 11) == Version.of(8_011_000)


def test_another_hypervisor_is_not_taken_for_qemu() -> None:
    with pytest.raises(Unreadable, match="the hypervisor is Xen, not QEMU"):
        Versions.parse(Record(GOOD.replace("QEMU", "Xen")))


@pytest.mark.parametrize("number", ["0", "-1", "9000000.5", '"9000000"', "1e99", "null", "10000000000"])
def test_what_is_no_version_is_unreadable(number: str) -> None:
    with pytest.raises(Unreadable):
        Versions.parse(Record(GOOD.replace("9000000", number)))


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(GOOD):
        try:
            Versions.parse(record)
        except Unreadable:
            continue
