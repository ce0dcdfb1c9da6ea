"""CPUs: of hosts, of what they give guests, and of guests."""

import contextlib
import json

import pytest
from msgspec.structs import replace

from preflight.facts.cpu.host import HostCpu
from preflight.facts.cpu.hypervisor import HypervisorCpus
from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.cpu import GuestCpu
from tests.case import Case
from tests.facts.noise import answers

HOST = """<capabilities><host><cpu><arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor>
<microcode version='7'/><signature family='25' model='17' stepping='1'/>
<counter name='tsc' frequency='2596134000' scaling='yes'/><feature name='ht'/></cpu></host></capabilities>"""
CPUS = json.dumps(
    {
        "types": {"kvm": {"models": ["486"], "features": ["sse"]}, "qemu": {"error": "denied"}},
        "guests": {"a": {"features": ["sse"]}, "b": {"features": None}, "c": {"error": "gone"}},
    }
)
NO_RECORD = Record("", 1, "timed out")


def test_the_hosts_own_cpu_is_read() -> None:
    cpu = HostCpu.parse(Record(HOST))
    assert (cpu.arch, cpu.vendor, cpu.signature, cpu.microcode) == ("x86_64", "AMD", ("25", "17", "1"), "7")
    assert (cpu.model, cpu.features, cpu.tsc_frequency, cpu.tsc_scaling) == (
        "EPYC",
        frozenset(["ht"]),
        2_596_134_000,
        True,
    )


def test_a_cpu_of_another_architecture_has_less_to_tell() -> None:
    cpu = HostCpu.parse(Record("<capabilities><host><cpu><arch>aarch64</arch></cpu></host></capabilities>"))
    assert (cpu.vendor, cpu.signature, cpu.microcode, cpu.tsc_frequency, cpu.tsc_scaling) == (
        (None,) * 4 + (False,)
    )  # fmt: skip
    with pytest.raises(Unreadable, match="do not describe the host's CPU"):
        HostCpu.parse(Record("<capabilities/>"))


def test_what_guests_can_have_is_read() -> None:
    cpus = HypervisorCpus.parse(Record(CPUS), Record("sse\navx2\n"))
    kvm = cpus.of("kvm")
    assert kvm.models == {"486"}
    assert kvm.features == cpus.of_guest("a") == {"sse"}
    assert cpus.knows("avx2")
    assert not cpus.knows("vnmi")


@pytest.mark.parametrize(("guest", "reason"), [("b", "does not report"), ("c", "gone"), ("d", "does not report")])
def test_a_guest_of_which_nothing_was_told_says_why(guest: str, reason: str) -> None:
    cpus = HypervisorCpus.parse(Record(CPUS), NO_RECORD)
    with pytest.raises(Unreadable, match=reason):
        cpus.of_guest(guest)
    with pytest.raises(Unreadable, match="available to qemu guests are unknown: denied"):
        cpus.of("qemu")
    with pytest.raises(Unreadable, match="list of CPU features"):
        cpus.knows("sse")


def test_a_host_that_did_not_tell_says_why_when_it_is_asked() -> None:
    cpus = HypervisorCpus.parse(NO_RECORD, NO_RECORD)
    with pytest.raises(Unreadable, match="timed out"):
        cpus.of("kvm")
    with pytest.raises(Unreadable, match="timed out"):
        cpus.of_guest("a")


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers(CPUS):
        with contextlib.suppress(Unreadable):
            HypervisorCpus.parse(record, record)
    for record in answers(HOST):
        with contextlib.suppress(Unreadable):
            HostCpu.parse(record)


def test_the_cpu_is_the_one_that_runs_and_not_the_one_that_was_defined() -> None:
    """libvirt sends the former apart, in the migration's cookie."""
    [web] = Case().checked().guests
    other = web.xml.replace("<domain", "<domain ").replace("<cpu", "<cpu2").replace("</cpu>", "</cpu2>")
    defined = replace(web, sent=other).on_destination(None, None)
    assert defined.xml != web.xml
    assert GuestCpu.of(defined) == GuestCpu.of(web)
