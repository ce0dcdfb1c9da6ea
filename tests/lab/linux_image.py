"""Makes a small Linux for guests that need one: Debian's kernel, and an initramfs of busybox and the guest agent.

Like the images of hosts, it is made once, and kept under a name that changes with what it is made of.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .image import CACHE, TIMEOUT, archive, only_one
from .machine import command

RELEASE = "bookworm"
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "qemu-guest-agent")
#: Drivers that Debian's kernel has as modules; what they need comes with them.
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_console")
#: The files of the image: the kernel, and its initramfs.
KERNEL, INITRD = "kernel", "initrd"
#: What lists the libraries of a program, as ldd does.
LOADER = "/lib64/ld-linux-x86-64.so.2"
_INIT = Path(__file__).with_name("linux") / "init"
#: Nothing is configured, no script of a package runs: files are all that is wanted.
_OPTIONS = ("--variant=extract", '--aptopt=APT::Install-Recommends "false"')
_EMPTY = ("proc", "sys", "dev", "tmp", "run")


def linux() -> Path:
    """Return the directory of the image; make it if it is missing (half a minute, and Debian's archive)."""
    digest = hashlib.sha256("\n".join((RELEASE, *PACKAGES, *MODULES, _INIT.read_text())).encode()).hexdigest()[:12]
    made = CACHE / f"linux-{digest}"
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with only_one("linux"):
        if not made.is_dir():
            with tempfile.TemporaryDirectory(prefix=".linux-", dir=CACHE) as building:
                _make(Path(building, "root"), Path(building, "made"))
                Path(building, "made").rename(made)
    return made


def _make(root: Path, made: Path) -> None:
    packages = f"--include={','.join(PACKAGES)}"
    command("mmdebstrap", *_OPTIONS, packages, RELEASE, str(root), archive(), timeout=TIMEOUT)
    made.mkdir(mode=0o755)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, made / KERNEL)
    files = root.with_name("initramfs")
    files.mkdir()
    _fill(files, root, kernel.name.removeprefix("vmlinuz-"))
    packed = f"cd {files} && find . | {root}/bin/busybox cpio -o -H newc | gzip -1 >{made / INITRD}"
    command("sh", "-c", packed)


def _fill(files: Path, root: Path, version: str) -> None:
    """Lay out the initramfs, of files of `root` and the process that the kernel starts."""
    for name in _EMPTY:
        (files / name).mkdir()
    command("chroot", str(root), "depmod", version)
    wanted = {"/bin/busybox", f"/lib/modules/{version}/modules.dep", f"/lib/modules/{version}/modules.alias"}
    wanted |= set(_modules(root, version)) | set(_libraries(root, "/usr/sbin/qemu-ga"))
    for path in sorted(wanted):
        place = files / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path.lstrip("/"), place)
    shutil.copy(root / "usr/sbin/qemu-ga", files / "bin/qemu-ga")
    shutil.copy(_INIT, files / "init")


def _modules(root: Path, version: str) -> Iterator[str]:
    """Yield the files of the modules, with those that they need, as modprobe would load them."""
    for name in MODULES:
        told = command("chroot", str(root), "modprobe", "-S", version, "--show-depends", name).stdout
        yield from (line.split()[1] for line in told.splitlines() if line.startswith("insmod"))


def _libraries(root: Path, program: str) -> Iterator[str]:
    """Yield the libraries that a program of `root` is linked with, and what loads them."""
    told = command("chroot", str(root), LOADER, "--list", program).stdout
    yield from (word for line in told.splitlines() for word in line.split() if word.startswith("/"))
