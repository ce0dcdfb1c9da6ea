"""Boots a Debian root as a machine with its own systemd, and enters and ends that machine."""

import os
import subprocess
import time
from pathlib import Path

from . import cgroup
from .machine import LabError, command

BOOT_TIMEOUT = 90.0
"""Seconds until a host must answer; a machine with KVM needs a few, one without up to a minute."""

READY = """
state=$(systemctl is-system-running)
case $state in running|degraded) ;; *) echo "systemd is $state"; exit 1;; esac
timeout 20 virsh --quiet --connect qemu:///system hostname >/dev/null || exit 1
nc -z -w 5 127.0.0.1 22 || { echo "sshd does not listen"; exit 1; }
"""

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "LANG": "C.UTF-8",
}


class Container:
    """One machine: `root` is its file system, `namespace` its network, `group` its processes."""

    def __init__(self, root: Path, namespace: str, group: str, shared: Path) -> None:
        self.root = root
        self.namespace = namespace
        self.group = group
        self.shared = shared
        self.console = root.with_name("console.log")
        self.kvm = root.with_name("kvm")
        """The machine's own /dev/kvm, if it has one: what a host does to its mode is its own business."""
        self._leader: int | None = None

    def start(self) -> None:
        """Start to boot; `wait` returns when that is over."""
        cgroup.create(self.group)
        unified = cgroup.is_unified()
        settings = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1" if unified else "0"}
        arguments = ["systemd.firstboot=off"]
        if not unified:
            # systemd since 256 refuses cgroup v1 unless its command line says so.
            arguments.append("SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
            settings["SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE"] = "1"
        bound = [path for path in ("/dev/net/tun",) if Path(path).exists()]
        if self.kvm.exists():
            bound.append(f"{self.kvm}:{KVM}")
        nspawn = [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={self.root}",
            "--register=no",
            "--keep-unit",
            f"--machine={self.namespace}",
            f"--network-namespace-path=/run/netns/{self.namespace}",
            "--capability=all",
            # The clock has no namespace: a host's `timedatectl set-timezone` would set back that of the whole machine.
            "--drop-capability=CAP_SYS_TIME",
            "--console=pipe",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            *(f"--bind={path}" for path in bound),
            f"--bind-ro={self.shared}:{GUESTS}",
            *(f"--setenv={name}=1" for name in settings if name.startswith("SYSTEMD_CGROUP")),
            *arguments,
        ]
        with self.console.open("wb") as console:
            subprocess.run(
                # setsid --fork: the machine goes on when the process that booted it ends.
                [*cgroup.entering(self.group), "setsid", "--fork", *nspawn],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                check=True,
                env={**os.environ, **settings},
            )

    def wait(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Wait until systemd, libvirtd and sshd are there; LabError with the console if not."""
        deadline = time.monotonic() + timeout
        why = "it has no process 1"
        while time.monotonic() < deadline:
            if self._find_leader() is not None:
                tried = self.run("sh", "-c", READY, timeout=30)
                if tried.returncode == 0:
                    return
                why = (tried.stdout + tried.stderr).strip()
            elif not cgroup.processes(self.group):
                why = "systemd-nspawn ended"
                break
            time.sleep(0.1)
        tail = self.console.read_text(errors="replace")[-3000:]
        raise LabError(f"{self.namespace} did not boot within {timeout:g} s: {why}\n{tail}")

    def run(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 # subprocess.run calls it so
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` inside as root; works without sshd and without a network."""
        return command(*self.entering(), *argv, input=input, check=False, timeout=timeout)

    def inside(self, path: str) -> str:
        """Return the same path from outside, through the machine's own mounts."""
        return f"/proc/{self._running()}/root{path}"

    def entering(self) -> list[str]:
        """Return the words to put before a command so that it runs inside, without the right to set the clock."""
        leader = self._running()
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        unable = ["setpriv", "--bounding-set", "-sys_time"]
        return [*unable, "nsenter", "--target", str(leader), "--all", "env", "-i", *environment]

    def end(self) -> None:
        """Kill every process of the machine, as a power cut would."""
        self._leader = None
        cgroup.remove(self.group)

    def _running(self) -> int:
        leader = self._find_leader()
        if leader is None:
            raise LabError(f"{self.namespace} is not running")
        return leader

    def _find_leader(self) -> int | None:
        """Return the machine's process 1 as this machine numbers it, or None before there is one."""
        if self._leader is not None and Path(f"/proc/{self._leader}/ns/net").exists():
            return self._leader
        self._leader = None
        for pid in cgroup.processes(self.group):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            if fields.get("NSpid", "").split()[1:] == ["1"] and self._is_inside(pid):
                self._leader = pid
        return self._leader

    def _is_inside(self, pid: int) -> bool:
        """Report whether `pid` already runs the machine's own programs (nspawn's child sets up first)."""
        try:
            return Path(f"/proc/{pid}/comm").read_text() == "systemd\n"
        except OSError:
            return False


KVM = "/dev/kvm"
GUESTS = "/srv/guests"
"""Where every host sees the disk images that the lab shares, read-only."""
