"""Keeps what libvirt found out about an image's QEMU, so that a host that boots anew need not start each QEMU again.

libvirt itself decides whether what it finds in its cache still holds: for the very binaries, kernel and CPU.
"""

import shutil
import tempfile
from pathlib import Path

_CACHE = "var/cache/libvirt/qemu/capabilities"


def lay(root: Path, image: Path) -> None:
    """Put what is known of the image's QEMU into the host at `root`, before it boots."""
    known = _known(image)
    if known.is_dir():
        shutil.copytree(known, root / _CACHE, dirs_exist_ok=True)


def keep(root: Path, image: Path) -> None:
    """Keep what the host at `root` has found out by now, unless that is known."""
    known = _known(image)
    if known.is_dir():
        return
    copied = Path(tempfile.mkdtemp(prefix=f".{known.name}-", dir=known.parent))
    shutil.copytree(root / _CACHE, copied, dirs_exist_ok=True)
    try:
        copied.rename(known)
    except OSError:  # another lab was first
        shutil.rmtree(copied)


def is_known(image: Path) -> bool:
    """Report whether a host of this image need not be asked."""
    return _known(image).is_dir()


def _known(image: Path) -> Path:
    # another kernel or CPU would make libvirt ask anew each time: those come with another boot of the machine
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().split("-")[0]
    return image.with_name(f"{image.name}.probed-{boot}")
