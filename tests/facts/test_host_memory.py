"""A host's memory and topology, as grep prints the kernel's files."""

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.memory.host import HostMemory, HugeMount, HugePages

MEMORY = """/proc/meminfo:MemTotal:       24684092 kB
/proc/meminfo:MemAvailable:   23829428 kB
/proc/meminfo:SwapTotal:       1000 kB
/proc/meminfo:SwapFree:         900 kB
/proc/meminfo:HugePages_Total:      80
/proc/meminfo:Hugepagesize:       2048 kB
/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages:48
/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages:80
/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages:12
/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages:8
/sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages:2
/sys/devices/system/node/online:0
/sys/devices/system/cpu/online:0-3,8
"""
MOUNTS = """20 1 8:1 / / rw - ext4 /dev/sda1 rw
30 20 0:40 / /dev/hugepages rw,relatime shared:15 - hugetlbfs hugetlbfs rw,pagesize=2M
31 20 0:41 / /mnt rw,relatime - hugetlbfs none rw,pagesize=1G
32 20 0:42 / /odd rw,relatime - hugetlbfs none rw
"""
NO_FILE = Record("", 44)


def read(memory: str = MEMORY, mounts: str = MOUNTS, conf: Record = NO_FILE) -> HostMemory:
    return HostMemory.parse(Record(memory), Record(mounts), conf)


def test_reads_pages_nodes_and_cpus() -> None:
    found = read().told()
    assert found.default_page_kib == 2048
    assert found.pages == {2048: HugePages(free=48, reserved=8, overcommit=12, surplus=2)}
    assert found.pages[2048].to_be_had == 50
    assert (found.nodes, found.cpus) == (frozenset({0}), frozenset({0, 1, 2, 3, 8}))


def test_reads_the_mounts_and_the_size_of_their_pages() -> None:
    assert read().mounts == (
        HugeMount(point="/dev/hugepages", page_kib=2048),
        HugeMount(point="/mnt", page_kib=1048576),
        HugeMount(point="/odd", page_kib=None),
    )
    assert read().mounts[1].marker == "/mnt/libvirt/qemu"


@pytest.mark.parametrize(
    ("setting", "points"),
    [
        ("hugetlbfs_mount = []\n", []),
        ('hugetlbfs_mount = "/mnt/"\n', ["/mnt"]),
        ('hugetlbfs_mount = [ "/mnt", "/gone" ]\n', ["/mnt"]),
        ('user = "root"\n', ["/dev/hugepages", "/mnt", "/odd"]),
        ("hugetlbfs_mount = \n", ["/dev/hugepages", "/mnt", "/odd"]),
    ],
)
def test_takes_the_mounts_that_qemu_conf_names(setting: str, points: list[str]) -> None:
    assert [mount.point for mount in read(conf=Record(setting)).mounts] == points


def test_a_kernel_without_numa_or_huge_pages_tells_of_none() -> None:
    found = read("/proc/meminfo:MemTotal: 100 kB\n/proc/meminfo:MemAvailable: 90 kB\n").told()
    assert (found.nodes, found.cpus, found.pages, found.default_page_kib) == (None, None, {}, None)


@pytest.mark.parametrize("memory", [Record("", 1, "timed out"), Record("")])
def test_keeps_the_reason_when_it_was_not_told(memory: Record) -> None:
    found = HostMemory.parse(memory, Record(MOUNTS), NO_FILE)
    with pytest.raises(Unreadable, match="the host did not report its memory: "):
        found.told()


def test_reads_what_is_left_of_memory_and_swap() -> None:
    found = read().told()
    assert (found.available_kib, found.swap_free_kib) == (23829428, 900)
    older = read("/proc/meminfo:MemTotal: 100 kB\n").told()
    assert (older.available_kib, older.swap_free_kib) == (None, 0)
