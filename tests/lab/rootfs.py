"""Lays a host's own root file system over a shared image, with what makes it this host."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

from .container import KVM
from .keys import Keys
from .machine import command, mounts_below
from .network import DOMAIN, hosts_file
from .recipes import Recipe

LIGHT_QEMU_CONF = """
# Set by the lab: these hosts boot quickly, and QEMU may do anything.
security_driver = "none"
user = "root"
group = "root"
remember_owner = 0
namespaces = []
cgroup_controllers = []
"""
QEMU_CONF = """
# Set by the lab: containers can only read the control groups of cgroup v1, which they share.
cgroup_controllers = []
"""
DAEMON_CONF = """
# Set by the lab: all containers see one machine's DMI, and with it one host UUID.
host_uuid_source = "machine-id"
"""
LOGIND_CONF = """\
# Set by the lab: in a container with cgroup v1, systemd does not notice that the user's manager has
# ended. It stays "deactivating" for 90 seconds, and every ssh login waits for that.
[Login]
UserStopDelaySec=infinity
"""
MASKED = (
    "getty@tty1.service",
    "console-getty.service",
    "getty.target",
    "systemd-pstore.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "fstrim.timer",
    "logrotate.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    # The lab brings the host key along; this would add an RSA key, slowly.
    "sshd-keygen.service",
)


def create(root: Path, image: Path, recipe: Recipe, name: str, hosts: list[str], keys: Keys) -> None:
    """Mount an overlay of `image` at `root` and make it the host `name` of `hosts`."""
    upper, work = root.with_name("upper"), root.with_name("work")
    for path in (upper, work, root):
        path.mkdir(parents=True)
        path.chmod(0o755)
    options = f"lowerdir={image},upperdir={upper},workdir={work}"
    command("mount", "-t", "overlay", "-o", options, "preflight-lab", str(root))
    if Path(KVM).exists():
        _make_kvm(root.with_name("kvm"), root / "etc/group")
    etc = root / "etc"
    (etc / "hostname").write_text(f"{name}.{DOMAIN}\n")
    (etc / "hosts").write_text(hosts_file(hosts))
    # Anything that differs between hosts and stays the same over a reset will do.
    (etc / "machine-id").write_text(hashlib.md5(name.encode()).hexdigest() + "\n")
    _append(etc / "libvirt/qemu.conf", LIGHT_QEMU_CONF if recipe.base is None else QEMU_CONF)
    for daemon in recipe.daemons:
        _append(etc / f"libvirt/{daemon}.conf", DAEMON_CONF)
    (etc / "systemd/logind.conf.d").mkdir(exist_ok=True)
    (etc / "systemd/logind.conf.d/lab.conf").write_text(LOGIND_CONF)
    for unit in MASKED:
        path = etc / "systemd/system" / unit
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/null")
    _private(etc / "ssh/ssh_host_ed25519_key", keys.private(f"{name}.host"))
    (etc / "ssh/ssh_host_ed25519_key.pub").write_text(keys.public(f"{name}.host"))
    login = keys.login(name, hosts) | {"authorized_keys": keys.authorized()}
    write_login(root / "root/.ssh", login)


def _make_kvm(path: Path, groups: Path) -> None:
    """Make a node of KVM's own as udev does on Debian: for root, and for the group that QEMU's user is in."""
    group = next(line.split(":")[2] for line in groups.read_text().splitlines() if line.startswith("kvm:"))
    os.mknod(path, stat.S_IFCHR | 0o660, Path(KVM).stat().st_rdev)
    os.chown(path, 0, int(group))
    path.chmod(0o660)


def write_login(directory: Path, files: dict[str, str]) -> None:
    """Make a .ssh directory that ssh accepts: only the owner can read it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        _private(directory / name, text)


def remove(root: Path) -> None:
    """Unmount the overlay and forget what was written to it."""
    for point in mounts_below(root):
        command("umount", point)
    shutil.rmtree(root.parent, ignore_errors=True)


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
