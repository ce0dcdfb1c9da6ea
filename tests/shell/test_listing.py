"""The list of images that a snapshot holds."""

from pathlib import Path

from preflight.collect.questions import PRELUDE
from preflight.shell_text import of_file
from tests.shell.host import Host
from tests.shell.test_every_function import FILES

LISTING = of_file(next(path for path in FILES if path.name == "listing.sh"))


def listed(host: Host, mounts: str = "") -> str:
    (host.has_directory("/proc/self") / "mounts").write_text(mounts)
    return listed_again(host)


def listed_again(host: Host) -> str:
    done = host.run("@listing@", functions=PRELUDE, listing=LISTING)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def entry(path: Path) -> str:
    found = path.stat()
    return f"path {path}\nstat {found.st_mode:x} {found.st_size} {found.st_dev} {found.st_ino} 0:0\n"


def test_list_has_each_image_of_libvirts_own_directory(host: Host) -> None:
    images = host.has_directory("/var/lib/libvirt/images")
    (images / "a b.img").write_text("123")
    assert listed(host) == f"listed {images}\n{entry(images / 'a b.img')}"


def test_list_is_of_two_thousand_entries_at_most(host: Host) -> None:
    images = host.has_directory("/var/lib/libvirt/images")
    for number in range(2001):
        (images / str(number)).touch()
    assert listed(host) == ""
    (images / "0").unlink()
    assert listed_again(host).count("path ") == 2000


def test_list_has_what_lies_at_the_top_of_further_mounts(host: Host, tmp_path: Path) -> None:
    for name in ("vms", "cgroup", "over"):
        (tmp_path / "mnt" / name).mkdir(parents=True)
        (tmp_path / "mnt" / name / "image").touch()
    mounts = "".join(
        f"x {at} {kind} rw 0 0\n"
        for at, kind in (
            # not below /tmp, where no images are kept
            (f"/.{tmp_path}/mnt/vms", "nfs4"),
            (f"/.{tmp_path}/mnt/cgroup", "cgroup2"),
            (f"/.{tmp_path}/mnt/over", "overlay"),
            (f"{tmp_path}/mnt/vms", "ext4"),
            ("/", "ext4"),
            ("/boot/efi", "vfat"),
        )
    )
    image = tmp_path / "mnt" / "vms" / "image"
    assert listed(host, mounts) == f"listed /.{image.parent}\n{entry(image).replace('path ', 'path /.')}"
