"""Capabilities and system calls that the unit of the destination's daemon denies it."""

import re

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "daemon-confined"
ALL = 0x1FFFFFFFFFF
BITS = {
    "CAP_DAC_OVERRIDE": 1, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_NET_ADMIN": 12,
    "CAP_SYS_CHROOT": 18, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_MKNOD": 27,
}  # fmt: skip
#: Of another user's QEMU, as libvirt's capabilities report it.
USER = "+64055:+64055"
INTERFACE = "<interface type='bridge'><source bridge='br0'/></interface></devices>"


def as_installed(case: Case | None = None) -> Case:
    """The sound pair, whose destination has libvirt's defaults: a user for QEMU, namespaces, remembered owners."""
    made = (case or Case()).destination("qemu.conf", "")
    return made.destination("libvirt.capabilities", lambda text: re.sub(r"\+0:\+0", USER, text))


def lacking(name: str, case: Case | None = None) -> Case:
    """The same, with a capability that the unit takes away."""
    own, other = f"{ALL:016x}", f"{ALL & ~(1 << BITS[name]):016x}"
    lines = f"/proc/self/status:CapBnd:\t{own}\n/proc/71/status:CapBnd:\t{other}\n"
    return (case or as_installed()).destination("daemons", lambda text: text + lines)


def with_unit(*settings: str, case: Case | None = None) -> Case:
    """The same, with settings that are filters of system calls."""
    lines = "/proc/self/status:Seccomp_filters:\t0\n/proc/71/status:Seccomp_filters:\t2\n"
    lines += "".join(f"unit {one}\n" for one in settings)
    return (case or as_installed()).destination("daemons", lambda text: text + lines)


@pytest.mark.parametrize("name", sorted(BITS.keys() - {"CAP_NET_ADMIN"}))
def test_catches_a_capability_that_every_guest_needs(name: str) -> None:
    result = lacking(name).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message.endswith(f" takes {name} away from it")
    assert finding.predicted_error


def test_catches_a_capability_that_an_interface_needs() -> None:
    case = as_installed(Case().xml("</devices>", INTERFACE))
    [finding] = lacking("CAP_NET_ADMIN", case).result(RULE).findings
    assert finding.predicted_error == "Unable to create tap device "


def test_passes_a_capability_that_only_an_interface_needs() -> None:
    assert lacking("CAP_NET_ADMIN").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETPCAP"])
def test_passes_a_capability_that_root_does_not_need_to_start_its_own_programs(name: str) -> None:
    assert lacking(name, Case()).result(RULE).outcome is Outcome.PASSED


def test_passes_capabilities_for_namespaces_where_there_are_none() -> None:
    conf = "namespaces = []\nremember_owner = 0\n"
    for name in ("CAP_MKNOD", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"):
        case = as_installed().destination("qemu.conf", conf)
        assert lacking(name, case).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("listed", ["~mount pivot_root umount2", "read write openat", "~mount:EPERM"])
def test_catches_a_filter_that_denies_mounts(listed: str) -> None:
    result = with_unit(f"SystemCallFilter={listed}").result(RULE)
    assert result.severity is Severity.ERROR
    [finding] = result.findings
    assert finding.predicted_error == "Process exited prior to exec"


def test_passes_with_a_warning_any_other_filter() -> None:
    for listed in ("~reboot kexec_load", "mount umount2 read write"):
        result = with_unit(f"SystemCallFilter={listed}").result(RULE)
        assert not result.blocks
        assert [finding.severity for finding in result.findings] == [Severity.WARNING]


def test_passes_filters_of_other_settings() -> None:
    assert with_unit("SystemCallFilter=~", "RestrictAddressFamilies=~").result(RULE).findings == ()


def test_catches_a_guest_without_kvm_where_no_code_can_be_made() -> None:
    case = as_installed(Case().xml("type='kvm'", "type='qemu'"))
    [finding] = with_unit("MemoryDenyWriteExecute=yes", case=case).result(RULE).findings
    assert finding.predicted_error == "qemu_mprotect__osdep"
    assert with_unit("MemoryDenyWriteExecute=no", case=case).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_with_kvm_there() -> None:
    assert with_unit("MemoryDenyWriteExecute=yes").result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_daemons_are_not_known() -> None:
    assert Case().destination("daemons", None).result(RULE).outcome is Outcome.UNKNOWN
