"""Says whether this machine can run the lab, and runs its commands; makes no namespaces itself."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "as": "binutils",
    "ld": "binutils",
    "qemu-nbd": "qemu-utils",
    "apt-get": "apt",
}
"""Each command the lab calls, and the Debian package that has it."""


WATCHERS = 1024


class LabError(Exception):
    """Something in the lab went wrong; the message is for a person."""


class LabUnavailable(LabError):  # it says of the lab what it is, as in `skip`
    """The lab cannot run on this machine, or not now; the message is one line."""


def unavailable() -> str | None:
    """Return the reason why the lab cannot run here, in one line; None if it can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    missing = sorted({package for name, package in NEEDED.items() if shutil.which(name) is None})
    if missing:
        return f"the lab needs these packages: {' '.join(missing)}"
    for namespaces in (["--net"], ["--mount", "--uts", "--ipc", "--pid", "--fork"]):
        tried = command("unshare", *namespaces, "true", check=False)
        if tried.returncode != 0:
            return f"no namespaces here: unshare {' '.join(namespaces)}: {tried.stderr.strip()}"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text() and (
        shutil.which("modprobe") is None or command("modprobe", "overlay", check=False).returncode
    ):
        return "the kernel has no overlay file system"
    return None


def make_room() -> None:
    """Let this machine watch enough files for many hosts: each one's systemd does not boot without some ten watchers.

    Linux gives a user 128 (fs.inotify.max_user_instances), which half a dozen labs side by side use up.
    """
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(limit.read_text()) < WATCHERS:
        limit.write_text(f"{WATCHERS}\n")


def command(
    *argv: str,
    input: str | None = None,  # noqa: A002 # subprocess.run calls it so
    check: bool = True,
    timeout: float = 60,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `argv` (timeout in seconds); a failure raises LabError with what it said."""
    try:
        done = subprocess.run(
            argv,
            input=input or "",  # never this process's own standard input
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=env,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{shown(argv)}: no end after {timeout:g} s") from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{shown(argv)}: exit {done.returncode}: {said}")
    return done


def shown(argv: Sequence[str]) -> str:
    """Return a command as an error message names it, cut to a readable length."""
    text = " ".join(argv)
    return text if len(text) <= 300 else text[:300] + " ..."


def is_mounted(path: Path) -> bool:
    """Report whether something is mounted at exactly `path` (os.path.ismount misses binds)."""
    return str(path) in mounts_below(path)


def mounts_below(path: Path) -> list[str]:
    """Mount points at and below `path` as this mount namespace sees them, innermost first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split(" ")[4].encode().decode("unicode_escape")
        if point == str(path) or point.startswith(f"{path}/"):
            found.append(point)
    return found[::-1]
