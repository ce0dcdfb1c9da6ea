"""Huge pages that back the guest's memory."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "hugepages-missing"
MARKER = "/dev/hugepages/libvirt/qemu"
FOUND = f"path {MARKER}\nstat 41ed 0 100 20 0:0\nfs 958458f6 2097152 0\n"
GONE = f"path {MARKER}\nstat: cannot statx '{MARKER}': No such file or directory\nfs 958458f6 2097152 0\n"
LINE = "900 1 0:100 / /dev/hugepages rw,relatime shared:15 - hugetlbfs hugetlbfs rw,pagesize={}\n"


def files(free: int, *, reserved: int = 0, overcommit: int = 0, size: int = 2048, usual: int = 2048) -> str:
    pool = f"/sys/kernel/mm/hugepages/hugepages-{size}kB/"
    return (
        f"/proc/meminfo:MemTotal: 8000000 kB\n/proc/meminfo:MemAvailable: 7000000 kB\n"
        f"/proc/meminfo:Hugepagesize: {usual} kB\n{pool}free_hugepages:{free}\n{pool}resv_hugepages:{reserved}\n"
        f"{pool}nr_overcommit_hugepages:{overcommit}\n{pool}surplus_hugepages:0\n"
    )


def huge(pages: str = "", *, memory: str, mount: str | None = "2M", marker: str = FOUND) -> Case:
    """Return the sound pair with a guest of 64 MiB on huge pages; `mount` is the destination's mount size."""
    case = Case().xml("<os>", f"<memoryBacking><hugepages>{pages}</hugepages></memoryBacking><os>")
    case.destination("memory", memory).destination("paths", lambda text: text + marker)
    kept = [line for line in case.hosts[1].answers.records["mounts"].out.splitlines() if " hugetlbfs " not in line]
    return case.destination("mounts", "\n".join(kept) + "\n" + (LINE.format(mount) if mount else ""))


def test_catches_too_few_pages() -> None:
    result = huge(memory=files(31)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "the guest needs 32 huge pages of 2048 KiB, but only 31 are available",
    )
    assert finding.predicted_error == "unable to map backing store for guest RAM"


def test_catches_pages_that_are_promised_to_another() -> None:
    assert huge(memory=files(40, reserved=9)).result(RULE).outcome is Outcome.FAILED


def test_catches_that_no_mount_is_there() -> None:
    [finding] = huge(memory=files(64), mount=None).result(RULE).findings
    assert finding.predicted_error == "hugetlbfs filesystem is not mounted or disabled by administrator config"


def test_catches_a_mount_that_the_daemon_did_not_find() -> None:
    [finding] = huge(memory=files(64), marker=GONE).result(RULE).findings
    assert finding.message == "hugetlbfs was mounted at /dev/hugepages after the libvirt daemon started"


def test_catches_a_mount_for_pages_of_another_size() -> None:
    case = huge("<page size='2048' unit='KiB'/>", memory=files(64), mount="1G")
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "Unable to find any usable hugetlbfs mount for 2048 KiB"


def test_catches_pages_larger_than_the_guest() -> None:
    [finding] = huge(memory=files(64), mount="1G").result(RULE).findings
    assert finding.predicted_error == "must be equal to or larger than page size"


@pytest.mark.parametrize("memory", [files(32), files(0, overcommit=32), files(20, overcommit=12)])
@pytest.mark.parametrize("pages", ["", "<page size='2048' unit='KiB'/>"])
def test_passes_pages_enough(pages: str, memory: str) -> None:
    assert huge(pages, memory=memory).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_huge_pages() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_memory_was_not_told() -> None:
    result = huge(memory=files(64)).destination("memory", Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the host did not report its memory: timed out")
    assert result.obscures


def test_is_unknown_when_the_mount_was_not_looked_at() -> None:
    result = huge(memory=files(64), marker="\n").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {MARKER}")


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = huge(memory=files(0)).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE
