"""Makes the Debian images that hosts are overlays of: once for each release and list of packages."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .machine import LabError, LabUnavailable, command

CACHE = Path(os.environ.get("PREFLIGHT_LAB_CACHE", "/var/cache/preflight-lab/images"))
RELEASES = ("bullseye", "bookworm", "trixie")
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "procps",
    "openssh-server",
    "libvirt-daemon-system",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "dnsmasq-base",
    "iproute2",
    "iputils-ping",
    "nftables",
    "netcat-openbsd",
    # a certificate authority; passwords for libvirt over TCP; storage that both hosts reach
    "gnutls-bin",
    "libsasl2-modules",
    "sasl2-bin",
    "qemu-block-extra",
    "tgt",
)
#: Packages that only some releases have, or that are separate in some.
PACKAGES_OF = {
    # sudo, for logins that are not root's; python3, which Ansible runs on a host
    "bookworm": ("swtpm", "swtpm-tools", "sudo", "python3"),
    "trixie": ("swtpm", "swtpm-tools", "libvirt-daemon-plugin-lockd"),
}
OPTIONS = (
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude=/usr/share/{path}/*" for path in ("doc", "man", "info", "locale")),
    '--aptopt=APT::Install-Recommends "false"',
    # Each host has its own host keys; the archive's name must not be recorded.
    (
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key* "$1"/etc/apt/sources.list'
        ' "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf'
    ),
)


def image(release: str) -> Path:
    """Return the root directory of `release`, made when it is not there yet (a minute, and the archive)."""
    if not re.fullmatch(r"[a-z]+", release):
        raise LabError(f"{release!r} is not the name of a Debian release")
    packages = (*PACKAGES, *PACKAGES_OF.get(release, ()))
    recipe = hashlib.sha256("\n".join((release, *packages, *OPTIONS)).encode()).hexdigest()[:12]
    made = CACHE / f"{release}-{recipe}"
    if made.is_dir():
        return made
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _only_one():
        if not made.is_dir():
            _make(release, packages, made)
    return made


def archive() -> str:
    """Return the Debian archive that this machine's own apt uses; its name is written nowhere."""
    listed = command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    for uri in listed.stdout.split():
        if uri.endswith("/debian/") and "security" not in uri:
            return uri
    raise LabUnavailable("this machine's apt has no Debian archive; try apt-get update")


def _make(release: str, packages: tuple[str, ...], made: Path) -> None:
    """Build under a temporary name: an image is there whole, or not at all."""
    building = Path(tempfile.mkdtemp(prefix=f".{release}-", dir=CACHE))
    try:
        building.chmod(0o755)
        command(
            "mmdebstrap",
            *OPTIONS,
            f"--include={','.join(packages)}",
            release,
            str(building),
            archive(),
            timeout=900,
        )
        building.rename(made)
    finally:
        if building.exists():
            shutil.rmtree(building, ignore_errors=True)


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Let one process build at a time; the others find its image when they get their turn."""
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
