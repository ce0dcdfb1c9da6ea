"""A disk of the guest is on local storage of the source."""

from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db
from tests.rules.pools import PATH as VOLUME_PATH
from tests.rules.pools import on_volume, pools, there, vms

RULE = "disk-not-shared"
WEB = "guest web"
ERROR = "Migration without shared storage is unsafe"
NETWORK_DISK = """<disk type='network' device='disk'>
      <driver name='qemu' type='raw'/>
      <source protocol='nbd' tls='no' index='1'>
        <host name='192.0.2.254' port='10809'/>
      </source>
      <target dev='vda' bus='virtio'/>"""
PATH = "/srv/images/web.qcow2"
#: statfs magic numbers, in hex
EXT4, NFS, SMB2, FUSE, OVERLAY = "ef53", "6969", "fe534d42", "65735546", "794c7630"


def disk(source: str, *, kind: str = "file", more: str = "", case: Case | None = None) -> Case:
    """Return the sound pair, whose guest has this disk in place of its network disk; see `NETWORK_DISK`."""
    driver = "<driver name='qemu' type='qcow2'/>"
    made = f"<disk type='{kind}' device='disk'>{driver}{source}<target dev='vda' bus='virtio'/>{more}"
    return (case or Case()).xml(NETWORK_DISK, made)


def file_disk(magic: str, mount: str = "ext4 /dev/sdb1", *, more: str = "", case: Case | None = None) -> Case:
    """Return the same with an image file on a file system of that magic, with this line in the table of mounts."""
    made = disk(f"<source file='{PATH}'/>", more=more, case=case)
    made.source("paths", f"path {PATH}\nstat 81a4 1048576 2049 12 0:0\nfs {magic} 4096 100\n")
    return made.source("mounts", lambda text: f"{text}900 1 8:1 / /srv/images rw - {mount} rw\n")


def test_catches_an_image_on_a_file_system_of_the_sources_own() -> None:
    result = file_disk(EXT4, case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == f"vda, {PATH}, is on ext4 (/dev/sdb1), which is not shared"
    assert finding.predicted_error == ERROR


def test_catches_that_guest_alone() -> None:
    assert file_disk(EXT4, case=with_db(Case())).result(RULE, DB).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("magic", "mount"),
    [(SMB2, "cifs //nas/images"), (FUSE, "fuse.sshfs nas:/images"), (FUSE, "fuse.ceph-fuse ceph-fuse")],
)
def test_catches_storage_that_is_shared_but_that_libvirt_does_not_take_for_such(magic: str, mount: str) -> None:
    [finding] = file_disk(magic, mount).result(RULE).findings
    assert finding.message == f"vda, {PATH}, is on {mount.replace(' ', ' (')}), which is not shared"
    assert finding.predicted_error == ERROR


def test_catches_an_image_that_is_not_there_by_the_directory_that_it_would_be_in() -> None:
    path = "/var/lib/libvirt/images/gone.qcow2"
    case = disk(f"<source file='{path}'/>")
    case.source("paths", f"path {path}\nstat: x: No such file or directory\nfs {OVERLAY} 4096 100\n")
    [finding] = case.result(RULE).findings
    assert "is on overlay (preflight-lab)" in finding.message


def test_catches_an_nvme_device_that_is_passed_through() -> None:
    source = "<source type='pci' managed='yes' namespace='1'><address domain='0' bus='1' slot='0'/></source>"
    result = disk(source, kind="nvme").result(RULE)
    assert result.outcome is Outcome.FAILED
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert (finding.message, finding.predicted_error) == ("vda is an NVMe device of the source", ERROR)


def test_catches_a_disk_that_several_guests_write_to_although_it_is_copied_else() -> None:
    # --copy-storage-all leaves out what is <shareable/>
    result = file_disk(EXT4, more="<shareable/>").asking(copy_storage="all").result(RULE)
    assert result.outcome is Outcome.FAILED


def test_catches_one_local_disk_behind_a_sound_one() -> None:
    case = Case().xml("<controller type='usb'", f"<disk type='file' device='disk'><source file='{PATH}'/>"
                      "<target dev='vdb'/></disk><controller type='usb'")  # fmt: skip
    case.source("paths", f"path {PATH}\nstat 81a4 1048576 2049 12 0:0\nfs {EXT4} 4096 100\n")
    [finding] = case.result(RULE).findings
    assert finding.message.startswith(f"vdb, {PATH}, is on ")


def test_catches_two_local_disks_behind_a_read_only_one() -> None:
    extra = "".join(
        f"<disk type='file'><source file='{PATH}'/><target dev='{name}'/></disk>" for name in ("vdb", "vdc")
    )
    case = file_disk(EXT4, more="<readonly/>").xml("<controller type='usb'", extra + "<controller type='usb'")
    assert [finding.message[:3] for finding in case.result(RULE).findings] == ["vdb", "vdc"]


def test_catches_what_is_unsafe_for_certain_although_more_is_unknown() -> None:
    volume = "<disk type='volume'><source pool='default' volume='x'/><target dev='vdb'/></disk>"
    file = file_disk(EXT4).xml("<controller type='usb'", f"{volume}<controller type='usb'")
    assert file.result(RULE).outcome is Outcome.FAILED
    nvme = disk("<source type='pci'/>", kind="nvme").xml("<controller type='usb'", f"{volume}<controller type='usb'")
    assert nvme.result(RULE).outcome is Outcome.FAILED


def test_passes_the_sound_pair_with_its_network_disk() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("magic", "mount"),
    [
        (NFS, "nfs4 nas:/images"),
        ("1161970", "gfs2 /dev/mapper/shared"),
        ("7461636f", "ocfs2 /dev/mapper/shared"),
        ("c36400", "ceph mon:/images"),
        (FUSE, "fuse.glusterfs nas:/images"),
    ],
)
def test_passes_an_image_on_storage_that_libvirt_takes_for_shared(magic: str, mount: str) -> None:
    assert file_disk(magic, mount).result(RULE).outcome is Outcome.PASSED


def test_passes_a_local_image_that_the_guest_can_only_read() -> None:
    assert file_disk(EXT4, more="<readonly/>").result(RULE).outcome is Outcome.PASSED


def test_passes_a_local_image_that_is_copied() -> None:
    assert file_disk(EXT4).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("kind", "source"),
    [("block", "<source dev='/dev/vg/web'/>"), ("dir", "<source dir='/srv/share'/>"), ("file", ""), ("volume", "")],
    ids=[
        "a block device, which libvirt does not look at",
        "a directory",
        "an empty drive",
        "an empty drive for volumes",
    ],
)
def test_passes_what_libvirt_passes_unseen(kind: str, source: str) -> None:
    assert disk(source, kind=kind).result(RULE).outcome is Outcome.PASSED


def test_passes_a_local_file_behind_a_link_that_leads_to_shared_storage() -> None:
    # /var/lib/libvirt/images -> /mnt/nas: stat and statfs follow the link, the path's text does not
    case = disk("<source file='/var/lib/libvirt/images/web.qcow2'/>")
    case.source("paths", f"path /var/lib/libvirt/images/web.qcow2\nstat 81a4 9 77 12 0:0\nfs {NFS} 4096 100\n")
    case.source("mounts", lambda text: f"{text}900 1 0:77 / /mnt/nas rw - nfs4 nas:/images rw\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert file_disk(EXT4).asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_passes_a_volume_of_a_pool_that_the_guest_can_only_read() -> None:
    volume = disk("<source pool='default' volume='web'/>", kind="volume", more="<readonly/>")
    assert volume.result(RULE).outcome is Outcome.PASSED


def volume(magic: str, **more: Any) -> Case:
    """Return a volume of the source's pool "vms" on a file system of that magic."""
    case = on_volume().source("libvirt.pools", pools(vms("web.img", **more)))
    return case.source("paths", there(VOLUME_PATH, magic=magic))


def test_catches_a_volume_of_a_directory_of_the_sources_own() -> None:
    # libvirt 9.0 looks at where the volume lies
    [finding] = volume(EXT4).result(RULE).findings
    assert finding.message.startswith(f"vdb, {VOLUME_PATH}, is on ")
    assert finding.predicted_error == ERROR


def test_passes_a_volume_on_shared_storage() -> None:
    assert volume(NFS).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("kind", ["logical", "iscsi", "disk"])
def test_passes_a_volume_that_is_a_block_device(kind: str) -> None:
    assert volume(EXT4, kind=kind).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_pools_were_not_told() -> None:
    result = on_volume().result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "libvirt did not list its storage pools: libvirt.pools was not collected"


def test_is_unknown_when_the_pool_is_gone_since_the_guest_was_started() -> None:
    result = on_volume().source("libvirt.pools", pools()).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "vdb is a volume of the storage pool vms, which no longer exists"


@pytest.mark.parametrize("record", ["paths", "mounts"])
def test_is_unknown_when_the_source_did_not_tell_where_the_image_lies(record: str) -> None:
    result = file_disk(EXT4).source(record, None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")
    assert result.obscures


def test_is_unknown_when_a_snapshot_was_not_asked_about_the_path() -> None:
    result = disk(f"<source file='{PATH}'/>", case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {PATH}")


def test_is_unknown_when_the_guests_definition_could_not_be_read_and_of_that_guest_alone() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(error="Cannot recv data"))
    assert case.result(RULE, WEB).outcome is Outcome.UNKNOWN
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_not_even_the_list_of_guests_is_known() -> None:
    result = Case().source("libvirt.domains", None).result(RULE)
    assert (result.outcome, result.subject) == (Outcome.UNKNOWN, "guests")


def test_catches_it_as_a_warning_where_unsafe_is_spelled_out() -> None:
    result = file_disk(EXT4).asking(unsafe=True).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert result.findings[0].predicted_error is None


@pytest.mark.parametrize(("disks", "outcome"), [(("vda",), Outcome.PASSED), (("vdb",), Outcome.FAILED)])
def test_passes_a_disk_that_is_chosen_to_be_copied(disks: tuple[str, ...], outcome: Outcome) -> None:
    assert file_disk(EXT4).asking(copy_storage="all", migrate_disks=disks).result(RULE).outcome is outcome


def declared(*directories: str, libvirt: int = 11_003_000) -> Case:
    """Return a local image where the source's qemu.conf declares these directories to be shared."""
    named = ", ".join(f'"{one}"' for one in directories)
    versions = f'{{"libvirt": {libvirt}, "hypervisor": 10000000, "type": "QEMU"}}'
    made = file_disk(EXT4).source("qemu.conf", f"shared_filesystems = [ {named} ]\n")
    return made.source("libvirt.versions", versions)


@pytest.mark.parametrize("directory", ["/srv/images", "/srv/images/", "/srv", "/", PATH])
def test_passes_a_directory_that_is_declared_shared(directory: str) -> None:
    assert declared("/mnt", directory).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("directory", ["/srv/image", "/srv/images/web", "srv/images", "/srv/images2"])
def test_catches_an_image_beside_the_directories_that_are_declared_shared(directory: str) -> None:
    assert declared(directory).result(RULE).outcome is Outcome.FAILED


def test_catches_it_where_libvirt_does_not_read_that_setting() -> None:
    assert declared("/srv/images", libvirt=9_000_000).result(RULE).outcome is Outcome.FAILED


def test_is_unknown_when_libvirt_may_or_may_not_read_that_setting() -> None:
    result = declared("/srv/images", libvirt=10_000_000).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "libvirt 10.0.0 may or may not read shared_filesystems in qemu.conf",
    )


def test_passes_shared_storage_where_the_settings_are_not_known() -> None:
    assert Case().source("qemu.conf", None).result(RULE).outcome is Outcome.PASSED
    assert file_disk(EXT4).source("qemu.conf", None).result(RULE).outcome is Outcome.FAILED
    assert declared("/srv/images").source("qemu.conf", None).result(RULE).outcome is Outcome.UNKNOWN
