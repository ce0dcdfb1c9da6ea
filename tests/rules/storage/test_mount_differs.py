"""Files of the same path on network storage of both hosts."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import VOLUME, on_volume, pools, vms

RULE = "mount-differs"
PATH = "/srv/vms/web.img"
FILE = f"<disk type='file'><driver name='qemu' type='raw'/><source file='{PATH}'/><target dev='vdb'/>{{}}</disk>"
GONE = f"path {PATH}\nstat: cannot statx '{PATH}': No such file or directory\nfs 6969 4096 100\n"


def at(inode: int, mode: str = "81a4") -> str:
    """Return the answers of a host that has the file (or what the mode says) under this number, on device 0:60."""
    return f"path {PATH}\nstat {mode} 1048576 60 {inode} 0:0\nfs 6969 4096 100\n"


def nfs(here: str, there: str, *, mounts: tuple[str, str] = ("nfs4 nas:/a", "nfs4 nas:/b"), disk: str = FILE) -> Case:
    """Return the sound pair, whose guest has this second disk, and what both hosts have at its path."""
    case = on_volume(disk.format("")).source("paths", here).destination("paths", there)
    line = "900 1 0:60 / /srv/vms rw,relatime - {} rw\n"
    case.source("mounts", lambda text: text + line.format(mounts[0]))
    return case.destination("mounts", lambda text: text + line.format(mounts[1]))


def test_catches_another_file_of_another_export() -> None:
    result = nfs(at(12), at(13)).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)
    assert finding.message == (
        f"{PATH}, the disk vdb, is not the source's file: it is on nas:/b"
        " on the destination and on nas:/a on the source"
    )


@pytest.mark.parametrize(
    "mounts",
    [("nfs nas:/a", "nfs4 nas:/b"), ("nfs4 nas:/a", "nfs4 nas:/a"), ("ceph mon:/a", "ceph mon:/b")],
)
def test_catches_it_however_the_mounts_are_called(mounts: tuple[str, str]) -> None:
    assert nfs(at(12), at(13), mounts=mounts).result(RULE).outcome is Outcome.FAILED


def test_catches_another_file_behind_a_volume() -> None:
    case = nfs(at(12), at(13), disk=VOLUME)
    for end in (case.source, case.destination):
        end("libvirt.pools", pools(vms("web.img")))
    assert case.result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "mounts",
    [("nfs4 nas:/a", "nfs4 nas.example.com:/a"), ("nfs4 nas:/", "nfs nas:/a"), ("nfs4 nas:/a", "nfs4 192.0.2.9:/a")],
)
def test_passes_the_same_file_of_a_server_that_has_several_names(mounts: tuple[str, str]) -> None:
    assert nfs(at(12), at(12), mounts=mounts).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "mounts",
    [
        ("ext4 /dev/sda1", "ext4 /dev/sda1"),  # each its own; disk-not-shared says it
        ("cifs //nas/a", "cifs //nas/b"),
        ("fuse.glusterfs nas:/a", "fuse.glusterfs nas:/b"),
        ("nfs4 nas:/a", "ceph mon:/a"),
        ("ext4 /dev/sda1", "nfs4 nas:/a"),  # the server itself, and its client
        ("overlay preflight-lab", "overlay preflight-lab"),
    ],
)
def test_passes_files_whose_numbers_tell_nothing(mounts: tuple[str, str]) -> None:
    assert nfs(at(12), at(13), mounts=mounts).result(RULE).outcome is Outcome.PASSED


def test_passes_a_medium_that_is_only_read() -> None:
    assert nfs(at(12), at(13), disk=FILE.format("<readonly/>")).result(RULE).outcome is Outcome.PASSED


def test_passes_a_disk_that_is_copied() -> None:
    case = nfs(at(12), at(13))
    assert case.asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_a_file_that_is_missing_and_what_is_no_file() -> None:
    # said by disk-missing-on-destination and disk-kind-differs
    assert nfs(at(12), GONE).result(RULE).outcome is Outcome.PASSED
    assert nfs(at(12), at(13, "41ed")).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_hosts_did_not_tell_of_the_path() -> None:
    result = nfs(at(12), "").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {PATH}")


def test_is_unknown_when_one_disk_is_and_still_looks_at_the_others() -> None:
    other = "<disk type='file'><source file='/srv/vms/other.img'/><target dev='vdc'/></disk>"
    case = nfs(at(12), at(13), disk=other + FILE)
    result = case.result(RULE)
    assert result.outcome is Outcome.FAILED
    assert [finding.message.partition(",")[0] for finding in result.findings] == [PATH]


def test_is_unknown_when_the_mounts_were_not_told() -> None:
    case = nfs(at(12), at(13)).destination("mounts", Record("", 1, "timed out"))
    assert case.result(RULE).outcome is Outcome.UNKNOWN


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = nfs(at(12), at(13)).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE
