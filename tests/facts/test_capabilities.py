"""Capabilities, as three releases of libvirt really gave them (cases/capabilities)."""

from pathlib import Path

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.libvirt.capabilities import Capabilities
from tests.facts.noise import answers

CASES = Path(__file__).parent / "cases" / "capabilities"
EMULATOR = "/usr/bin/qemu-system-x86_64"
#: libvirt's release, and what its QEMU calls q35 and pc.
MACHINES = {"7.0": "5.2", "9.0": "7.2", "11.3": "10.0"}


def recorded(release: str) -> str:
    return (CASES / f"libvirt-{release}.xml").read_text()


def capabilities(text: str) -> Capabilities:
    return Capabilities.parse(Record(text))


@pytest.mark.parametrize(("release", "qemu"), MACHINES.items())
def test_names_what_the_host_can_run(release: str, qemu: str) -> None:
    host = capabilities(recorded(release))
    assert host.arch == "x86_64"
    assert EMULATOR in host.emulators
    assert host.emulator_known(EMULATOR)
    assert not host.emulator_known("/usr/libexec/qemu-kvm")
    assert host.supports_machine("x86_64", "qemu", EMULATOR, f"pc-q35-{qemu}")
    assert host.supports_machine("x86_64", "qemu", None, "q35")
    assert not host.supports_machine("x86_64", "qemu", EMULATOR, "pc-q35-99.0")
    assert not host.supports_machine("aarch64", "qemu", EMULATOR, "q35")


@pytest.mark.parametrize(("release", "qemu"), MACHINES.items())
def test_an_alias_stands_for_the_newest_machine(release: str, qemu: str) -> None:
    host = capabilities(recorded(release))
    assert host.canonical("q35") == f"pc-q35-{qemu}"
    assert host.canonical("pc") == f"pc-i440fx-{qemu}"
    assert host.canonical("pc-q35-4.2") == "pc-q35-4.2"


@pytest.mark.parametrize("release", MACHINES)
def test_a_host_with_kvm_has_it(release: str) -> None:
    host = capabilities(recorded(release))
    assert host.kvm
    assert host.supports_machine("x86_64", "kvm", EMULATOR, "q35")


@pytest.mark.parametrize("release", MACHINES)
def test_a_host_without_kvm_has_no_machines_for_it(release: str) -> None:
    host = capabilities(recorded(release).replace("type='kvm'", "type='other'"))
    assert not host.kvm
    assert host.machines("x86_64", "kvm") == ()


def test_machines_of_a_domain_type_replace_those_of_the_architecture() -> None:
    host = capabilities(
        "<capabilities><host><cpu><arch>x86_64</arch></cpu></host><guest><arch name='x86_64'>"
        "<emulator>/q</emulator><machine>old</machine><domain type='qemu'/>"
        "<domain type='kvm'><emulator>/k</emulator><machine canonical='new-1'>new</machine></domain>"
        "</arch></guest></capabilities>"
    )
    assert host.machines("x86_64", "qemu") == ("old",)
    assert host.machines("x86_64", "kvm") == ("new",)
    assert host.emulators == ("/q", "/k")
    assert host.machines("x86_64", "kvm", "/q") == ()


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(recorded("9.0")):
        try:
            Capabilities.parse(record)
        except Unreadable:
            continue
    with pytest.raises(Unreadable, match="architecture"):
        capabilities("<domain/>")
