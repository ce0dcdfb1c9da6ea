import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.storage.paths import PathStatus, Storage
from preflight.facts.text.mounts import Mounts

MOUNTS = r"""21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
22 21 0:21 / /proc rw - proc proc rw
23 21 0:6 / /dev rw - devtmpfs udev rw
30 21 0:50 / /var/lib/libvirt/images rw,relatime shared:9 - nfs4 nas:/vm\040images rw,vers=4.2
31 21 0:51 / /srv rw - ext4 /dev/vdb rw
32 31 0:52 / /srv rw - fuse.glusterfs gl1:/vol rw
33 21 0:53 / /mnt/with\040space rw - cifs //nas/share rw
34 21 0:60 /@sub /btrfs rw - btrfs /dev/vdc rw
35 21 0:70 / /sshfs rw - fuse.sshfs host:/x rw
"""
PATHS = """path /var/lib/libvirt/images/a.qcow2
stat 81a4 197120 50 2163110 0:0
fs 6969 1048576 20363860
path /srv/a.raw
stat 8180 1073741824 52 7 0:0
fs 65735546 131072 20363860
path /mnt/with space/a.raw
stat 81a4 5 53 8 0:0
fs ff534d42 4096 20363860
path /local.raw
stat 81a4 5 65024 9 0:0
fs ef53 4096 20363860
path /dev/vdb
stat 61b0 0 6 3 fe:10
fs 1021994 4096 3083623
path /link-to-images
stat 81a4 197120 50 2163110 0:0
fs 6969 1048576 20363860
path /btrfs/a.raw
stat 81a4 5 61 257 0:0
fs 9123683e 4096 20363860
path /sshfs/a.raw
stat 81a4 5 70 257 0:0
fs 65735546 4096 20363860
path /srv/nosuch
stat: cannot statx '/srv/nosuch': No such file or directory
fs 65735546 4096 20363860
path /local.raw/nosuch
stat: cannot stat '/local.raw/nosuch': Not a directory
fs ef53 4096 20363860
path /secret/a.raw
stat: cannot statx '/secret/a.raw': Permission denied
fs ef53 4096 20363860
path /asked/by/sudo
sudo: a password is required
path /srv
stat 41ed 4096 52 1 0:0
fs 65735546 4096 20363860
"""


def look(path: str, paths: str = PATHS) -> PathStatus:
    return Storage.parse(Record(paths), Record(MOUNTS)).look(path)


def test_a_file_on_nfs() -> None:
    assert look("/var/lib/libvirt/images/a.qcow2") == PathStatus(
        path="/var/lib/libvirt/images/a.qcow2",
        exists=True,
        kind="file",
        size=197120,
        device="0:50",
        inode=2163110,
        fs_magic=0x6969,
        fs_type="nfs4",
        fs_source="nas:/vm images",
        fs_free=None,
        fs_takes_files=True,
        read_only=False,
    )


@pytest.mark.parametrize(
    ("path", "shared", "cluster"),
    [
        ("/var/lib/libvirt/images/a.qcow2", True, False),
        ("/srv/a.raw", True, True),
        ("/mnt/with space/a.raw", True, False),
        ("/local.raw", False, False),
        ("/sshfs/a.raw", False, False),
        ("/btrfs/a.raw", False, False),
        ("/srv/nosuch", True, True),
    ],
)
def test_shared_is_what_libvirt_takes_for_shared(path: str, shared: bool, cluster: bool) -> None:
    assert (look(path).shared, look(path).cluster) == (shared, cluster)


@pytest.mark.parametrize(
    ("magic", "since"),
    [("fe534d42", None), ("19830326", 9006000), ("1161970", 0), ("7461636f", 0), ("c36400", 0), ("bd00bd0", None)],
)
def test_some_are_shared_only_since_a_release(magic: str, since: int | None) -> None:
    known = look("/local.raw", f"path /local.raw\nstat 81a4 5 65024 9 0:0\nfs {magic} 4096 1\n")
    assert known.shared_since == since


def test_a_block_device_is_told_by_its_own_number() -> None:
    known = look("/dev/vdb")
    assert (known.kind, known.device, known.size, known.fs_type) == ("block", "254:16", 0, "devtmpfs")


def test_the_last_of_two_mounts_at_one_place_holds() -> None:
    assert look("/srv").fs_source == "gl1:/vol"
    assert look("/srv").kind == "directory"


def test_a_link_into_another_mount_is_told_by_its_device() -> None:
    assert look("/link-to-images").fs_type == "nfs4"


def test_a_device_that_no_mount_has_is_no_reason_to_doubt() -> None:
    assert (look("/btrfs/a.raw").fs_type, look("/btrfs/a.raw").device) == ("btrfs", "0:61")


@pytest.mark.parametrize("path", ["/srv/nosuch", "/local.raw/nosuch"])
def test_nothing_is_there(path: str) -> None:
    known = look(path)
    assert (known.exists, known.kind, known.size, known.device, known.inode) == (False, None, None, None, None)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/secret/a.raw", "Permission denied"),
        ("/asked/by/sudo", "a password is required"),
        ("/never/asked", "was not asked about /never/asked"),
    ],
)
def test_what_was_not_told_is_unknown(path: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        look(path)


def test_a_path_that_exists_is_unknown_for_want_of_rights_where_sudo_refuses() -> None:
    # as stat_paths answers about existing paths, which it looks at all at once
    refused = Record("", 1, "sudo: a password is required\nsudo: a password is required\n")
    with pytest.raises(Unreadable, match=r"^/srv/a.raw: root's rights are missing \(a password is required\)"):
        Storage.parse(refused, Record(MOUNTS)).look("/srv/a.raw")


def test_a_path_that_was_cut_off_is_unknown() -> None:
    with pytest.raises(Unreadable, match="truncated"):
        look("/local.raw", "path /local.raw\n")


def test_no_path_was_asked_about() -> None:
    storage = Storage.parse(Record("", MISSING), Record(MOUNTS))
    with pytest.raises(Unreadable, match="was not asked"):
        storage.look("/local.raw")


LISTING = """listed /images
path /images/a.raw
stat 81a4 5 65024 9 0:0
"""


def test_what_a_listed_directory_does_not_hold_is_not_there() -> None:
    assert look("/images/a.raw", LISTING).exists
    assert not look("/images/b.raw", LISTING).exists
    with pytest.raises(Unreadable, match="was not asked"):
        look("/images/sub/b.raw", LISTING)


def test_a_file_system_that_was_not_told_is_unknown() -> None:
    with pytest.raises(Unreadable, match=r"the file system of /images/a\.raw is unknown"):
        _ = look("/images/a.raw", LISTING).shared


def test_a_path_may_be_told_of_twice_if_both_say_the_same() -> None:
    twice = "path /images/a.raw\nstat 81a4 5 65024 9 0:0\nfs ef53 4096 1\n" + LISTING
    assert look("/images/a.raw", twice).fs_magic == 0xEF53
    with pytest.raises(Unreadable, match="two different answers"):
        look("/images/a.raw", twice.replace("stat 81a4 5", "stat 81a4 6", 1))


BLOCK = 4096


@pytest.mark.parametrize(
    ("fs", "free", "takes_files"),
    [
        # free for root are more blocks than for all, the first number
        ("fs ef53 4096 100 120 819200 819046", 120 * BLOCK, True),
        ("fs ef53 1024 0 5 819200 1", 5 * 1024, True),
        ("fs ef53 4096 100 120 819200 0", 120 * BLOCK, False),
        ("fs ef53 4096 0 0 819200 9", 0, True),
        ("fs ef53 4096 0 4096 819200 9 62914560", 0, True),  # full: ext4 keeps these blocks for itself
        ("fs ef53 4096 0 4100 819200 9 62914560", 4 * BLOCK, True),
        ("fs ef53 4096 0 61 2048 9 2000", BLOCK, True),  # and of a small one a part
        ("fs ef53 4096 100 120 819200 9 62914560", 100 * BLOCK, True),
        ("fs ef53 4096 100 120 0 0", 120 * BLOCK, True),
        ("fs ef53 4096 100", None, True),  # as it was asked for by older releases
        ("fs ef53 4096 100 120 819200", None, True),  # cut off
        ("", None, True),
    ],
)
def test_room_is_what_root_may_still_write_and_whether_there_can_be_further_files(
    fs: str, free: int | None, takes_files: bool
) -> None:
    known = look("/local.raw", f"path /local.raw\nstat 81a4 5 65024 9 0:0\n{fs}\n")
    assert (known.fs_free, known.fs_takes_files) == (free, takes_files)


def test_room_for_root_alone_is_known_of_ext_file_systems_only() -> None:
    paths = "path /btrfs/a.raw\nstat 81a4 5 61 257 0:0\nfs 9123683e 4096 100 120 0 0 62914560\n"
    known = look("/btrfs/a.raw", paths)
    assert (known.fs_free, known.fs_takes_files) == (100 * BLOCK, True)  # btrfs counts no files


def test_room_is_told_of_what_is_not_there_too() -> None:
    paths = "path /no/such\nstat: cannot statx '/no/such': No such file or directory\nfs ef53 4096 1 2 9 0\n"
    known = look("/no/such", paths)
    assert (known.exists, known.fs_free, known.fs_takes_files) == (False, 2 * BLOCK, False)


@pytest.mark.parametrize(
    ("of_the_mount", "of_the_file_system", "read_only"),
    [
        ("rw,relatime", "rw,errors=remount-ro", False),
        ("ro,relatime", "rw", True),  # mount -o remount,bind,ro
        ("rw,relatime", "ro", True),  # after an error, or mount -o remount,ro
        ("nosuid,ro", "ro,pagesize=2M", True),
        ("rw", "", False),
        ("rw", "rw,context=ro", False),
    ],
)
def test_a_mount_or_its_file_system_as_a_whole_is_read_only(
    of_the_mount: str, of_the_file_system: str, read_only: bool
) -> None:
    mounts = f"21 1 254:0 / / {of_the_mount} shared:1 - ext4 /dev/vda1 {of_the_file_system}\n"
    [mount] = Mounts.read(mounts).all
    assert mount.read_only is read_only
    paths = "path /local.raw\nstat 81a4 5 65024 9 0:0\n"
    assert Storage.parse(Record(paths), Record(mounts)).look("/local.raw").read_only is read_only


def test_read_only_is_the_mount_that_holds_the_path_and_no_other() -> None:
    mounts = MOUNTS.replace("/srv rw - ext4", "/srv ro - ext4").replace("/btrfs rw", "/btrfs ro")
    storage = Storage.parse(Record(PATHS), Record(mounts))
    assert storage.look("/btrfs/a.raw").read_only
    assert not storage.look("/srv/a.raw").read_only  # the mount below it is
    assert not storage.look("/local.raw").read_only


@pytest.mark.parametrize("mounts", ["", "x\n", "21 1 254:0 / / rw\n"])
def test_no_table_of_mounts_is_unknown(mounts: str) -> None:
    with pytest.raises(Unreadable, match="mount table"):
        Storage.parse(Record(PATHS), Record(mounts))
