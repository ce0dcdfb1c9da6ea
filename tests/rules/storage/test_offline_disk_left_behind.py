"""Files of a guest that is moved by its definition."""

from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.storage.test_disk_not_shared import EXT4, FUSE, NETWORK_DISK, NFS, PATH, SMB2, disk

RULE = "offline-disk-left-behind"
NVRAM = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"


def switched_off(guest: dict[str, Any]) -> None:
    guest.update(id=None, state=5, reason=1)


def there(path: str, magic: str = "ef53", *, inode: int = 12, size: int = 1048576) -> str:
    return f"path {path}\nstat 81a4 {size} 2049 {inode} 0:0\nfs {magic} 4096 100\n"


def missing(path: str) -> str:
    return f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs ef53 4096 100\n"


def moved_offline(magic: str = NFS, *, more: str = "", at_destination: str | None = None, **asked: Any) -> Case:
    """Return the sound pair, whose guest is off and has an image file on a file system of that magic on both hosts."""
    case = disk(f"<source file='{PATH}'/>", more=more).guest(switched_off).source("paths", there(PATH, magic))
    asked = {"offline": True, "guests": ("web",)} | asked
    return case.destination("paths", at_destination or there(PATH, magic)).asking(**asked)


def mounted(case: Case, source: str, destination: str) -> Case:
    """Return the case with these mounts at the image's directory, as "nfs4 nas:/images"."""
    table = case.hosts[0].answers.records["mounts"].out
    case.source("mounts", f"{table}900 1 8:1 / /srv/images rw - {source} rw\n")
    case.destination("mounts", f"{table}900 1 8:1 / /srv/images rw - {destination} rw\n")
    return case


@pytest.mark.parametrize("asked", [{}, {"offline": False, "as_they_are": True}], ids=["check --offline", "migrate"])
def test_catches_a_guest_that_would_be_moved_away_from_its_disk(asked: dict[str, Any]) -> None:
    for case in (moved_offline(at_destination=missing(PATH), **asked), moved_offline(EXT4, **asked)):
        result = case.result(RULE)
        assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")


@pytest.mark.parametrize("asked", [{}, {"offline": False, "as_they_are": True}], ids=["check --offline", "migrate"])
def test_blocks_nothing_where_unsafe_says_that_the_disk_is_the_same(asked: dict[str, Any]) -> None:
    for case in (moved_offline(at_destination=missing(PATH), **asked), moved_offline(EXT4, **asked)):
        result = case.asking(unsafe=True).result(RULE)
        assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)


def test_catches_a_disk_that_is_not_there() -> None:
    [finding] = moved_offline(at_destination=missing(PATH)).result(RULE).findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        f"{PATH}, the disk vda, does not exist on the destination: the guest would not start",
    )


def test_catches_a_disk_on_storage_of_the_sources_own() -> None:
    [finding] = moved_offline(EXT4).result(RULE).findings
    assert finding.host is Role.SOURCE
    assert finding.message.endswith("which is not shared: the destination cannot have the same file")


def test_catches_the_firmwares_variables_that_virsh_leaves_behind() -> None:
    case = moved_offline(at_destination=there(PATH, NFS) + missing(NVRAM))
    result = case.xml("</os>", f"<nvram>{NVRAM}</nvram></os>").result(RULE)
    assert (result.severity, len(result.findings)) == (Severity.INFO, 1)


def test_catches_a_file_of_the_destinations_own_where_the_source_has_shared_storage() -> None:
    result = moved_offline(at_destination=there(PATH, EXT4)).result(RULE)
    [finding] = result.findings
    assert result.severity is Severity.ERROR
    assert finding.message.endswith(", which is not shared: it is not the source's file")


def test_catches_a_file_of_another_export() -> None:
    case = moved_offline(at_destination=there(PATH, NFS, inode=13))
    [finding] = mounted(case, "nfs4 nas:/images", "nfs4 nas:/copies").result(RULE).findings
    assert finding.message == (
        f"{PATH}, the disk vda, is not the source's file: it is on nas:/copies"
        " on the destination and on nas:/images on the source"
    )


def test_catches_a_block_device_that_is_another() -> None:
    case = disk("<source dev='/dev/vg/web'/>", kind="block").guest(switched_off)
    for change, size in ((case.source, 1 << 30), (case.destination, 1 << 31)):
        change("paths", "path /dev/vg/web\nstat 61b0 0 5 12 fd:1\nfs ef53 4096 100\n")
        change("block-devices", f"path /dev/vg/web\ndevice {size} - - \n")
    [finding] = case.asking(offline=True, guests=("web",)).result(RULE).findings
    assert (
        finding.message
        == f"/dev/vg/web, the disk vda, is a different device on the destination: it has {1 << 31} bytes, not {1 << 30}"
    )


def test_catches_an_nvme_device() -> None:
    source = "<source type='pci' namespace='1'><address domain='0' bus='1' slot='0' function='0'/></source>"
    [finding] = (
        disk(source, kind="nvme").guest(switched_off).asking(offline=True, guests=("web",)).result(RULE).findings
    )
    assert finding.message == "the disk vda is an NVMe device of the source"


@pytest.mark.parametrize(("magic", "more"), [(NFS, ""), (EXT4, "<readonly/>")], ids=["shared", "read-only copy"])
def test_passes_a_disk_that_is_the_same_there(magic: str, more: str) -> None:
    assert moved_offline(magic, more=more).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("magic", "mount"),
    [
        (NFS, "nfs4 nas:/images"),
        (SMB2, "cifs //nas/images"),
        (FUSE, "fuse.glusterfs nas:/images"),
        (FUSE, "fuse.sshfs nas:/images"),
        (FUSE, "fuse.ceph-fuse ceph-fuse"),
        ("bd00bd0", "lustre 192.0.2.9@tcp:/images"),
    ],
)
def test_passes_storage_on_a_network_also_where_libvirt_does_not_take_it_for_shared(magic: str, mount: str) -> None:
    assert mounted(moved_offline(magic), mount, mount).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("change", ["mount", "size"])
def test_catches_storage_on_a_network_that_is_not_one(change: str) -> None:
    at_destination = there(PATH, SMB2, size=2097152 if change == "size" else 1048576)
    other = "cifs //nas/copies" if change == "mount" else "cifs //nas/images"
    case = mounted(moved_offline(SMB2, at_destination=at_destination), "cifs //nas/images", other)
    assert case.result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "made",
    [
        (
            "<disk type='network' device='disk'><source protocol='rbd' name='p/i'><host name='192.0.2.9'/></source>"
            "<target dev='vda'/>"
        ),
        "<disk type='file' device='cdrom'><target dev='sda'/><readonly/>",
        (
            "<disk type='file' device='cdrom'><source file='/srv/gone.iso' startupPolicy='optional'/>"
            "<target dev='sda'/><readonly/>"
        ),
    ],
    ids=["network", "empty drive", "medium that may be missing"],
)
def test_passes_what_no_host_has_a_file_of(made: str) -> None:
    case = Case().xml(NETWORK_DISK, made).guest(switched_off).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_runs() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_paths_were_not_looked_at() -> None:
    assert moved_offline().destination("paths", None).result(RULE).outcome is Outcome.UNKNOWN
