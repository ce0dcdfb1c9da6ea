"""One host of the lab: runs commands in it, reads and writes its files, and reboots it."""

import contextlib
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import cgroup, digest, network, probed, rootfs
from .container import Container
from .domain import place
from .guest import Disk, Guest
from .image import image
from .instance import Instance
from .keys import Keys
from .machine import LabError
from .recipes import RECIPES, ImageName

PROBE_TIMEOUT = 300.0
"""Seconds until libvirt has started each QEMU of a new image; a few, unless the processors are busy."""


class LabHost:
    """A Debian machine of the lab with systemd, sshd and libvirtd."""

    def __init__(self, instance: Instance, name: str, image_name: ImageName, hosts: list[str]) -> None:
        self.name = name
        self.fqdn = f"{name}.{network.DOMAIN}"
        self.address = network.host_address(name)
        self.image_name = image_name
        """The name of the image: a Debian release, or one of its variants."""
        self.daemon = RECIPES[image_name].daemons[0]
        """The service, and the configuration file, of the daemon that runs guests: libvirtd or virtqemud."""
        self.domain_type = "kvm" if Path("/dev/kvm").exists() else "qemu"
        self.changed = False
        """Whether a test may have left something behind: `reset` makes it False again."""
        self._fresh = ""
        self._instance = instance
        self._hosts = hosts
        self._frozen = False
        root = instance.state / "hosts" / name / "root"
        group = f"{instance.group}/{name}"
        self._container = Container(root, instance.namespace(name), group, instance.images)

    def run(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 # subprocess.run calls it so
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` in the host as root, for at most `timeout` seconds.

        It enters the host's namespaces, so it works whatever became of sshd or the network.
        With `check` a failure raises LabError with what the command said.
        """
        self.changed = self.changed or not self._frozen
        return self._run(*argv, input=input, check=check, timeout=timeout)

    def entering(self) -> list[str]:
        """Return the words to put before a command so that it runs in the host as root."""
        return self._container.entering()

    def inside(self, path: str) -> str:
        """Return the place on this machine of a path as the host itself sees it, its sockets included."""
        return self._container.inside(path)

    def written(self) -> Path:
        """Return the place on this machine of everything written to the host's disk since its image was made."""
        return self._container.root.with_name("upper")

    def read(self, path: str) -> str:
        """Return the text of a file of the host; raises LabError when it cannot be read."""
        return self._run("cat", "--", path).stdout

    def write(self, path: str, text: str) -> None:
        """Replace the text of a file in place; the directory must exist."""
        self._change(path)
        self._run("sh", "-c", 'cat >"$1"', "sh", path, input=text)

    def append(self, path: str, text: str) -> None:
        """Add text to the end of a file."""
        self._change(path)
        self._run("sh", "-c", 'cat >>"$1"', "sh", path, input=text)

    def guest(
        self,
        name: str,
        *,
        memory_mib: int = 64,
        dirty_mib_per_s: float = 0,
        disk: Disk = "readonly",
        running: bool = True,
        machine: str | None = None,
        persistent: bool = True,
        fill: bool = False,
    ) -> None:
        """Make a guest here; memory in MiB, the rate at which it dirties memory in MiB/s.

        What it dirties is all but 3 MiB of its memory, so never more than that between two looks; with `fill` it
        has written to all of that once when this returns, so that a migration has that much to send.
        `disk`: "readonly" the same file on each host, "nbd" a network disk that every host reaches,
        "local" a writable file of this host alone, which makes a migration unsafe, "none" nothing.
        """
        self._change(f"guest {name}")
        made = Guest(name, memory_mib, dirty_mib_per_s, disk, machine, fill)
        place(self._run, self._instance, made, self.domain_type, running=running, persistent=persistent)

    def tree_digest(self, *paths: str) -> str:
        """One hash over every path, mode, owner, link and content below `paths`; no times.

        Without `paths` it covers /etc, /var/lib/libvirt and /root. It does not count as a change.
        """
        return self._run(*digest.command(*paths)).stdout.split()[0]

    def reset(self) -> None:
        """Throw the host away and boot a new one: same name, keys and addresses, nothing else."""
        self.end()
        self.start()
        self.wait()

    def start(self) -> None:
        """Begin to boot from a fresh overlay in a fresh network namespace."""
        keys = Keys(self._instance.keys)
        network.connect(self._instance, self.name, self.address)
        made = image(self.image_name)
        rootfs.create(self._container.root, made, RECIPES[self.image_name], self.name, self._hosts, keys)
        probed.lay(self._container.root, made)
        self._container.start()

    def wait(self) -> None:
        """Wait until systemd, libvirtd and sshd answer; raises LabError with the console's end."""
        self._container.wait()
        if not probed.is_known(image(self.image_name)):
            self._run("sh", "-c", "virsh -q capabilities && virsh -q domcapabilities", timeout=PROBE_TIMEOUT)
            probed.keep(self._container.root, image(self.image_name))
        self.changed = False
        self._fresh = self.tree_digest()

    def is_dirty(self) -> bool:
        """Report whether anything has changed since the boot: by `run`, `write`, `guest`, or from outside.

        A change from outside, such as a guest that moved in, shows in the files alone.
        """
        return self.changed or self._fresh != self.tree_digest()

    def end(self) -> None:
        """Cut the host's power and forget its disk."""
        self._container.end()
        network.disconnect(self._instance, self.name)
        rootfs.remove(self._container.root)

    def cut_power(self) -> None:
        """End every process of the host at once; its disk, its keys and its network stay for `boot`."""
        self._change("power")
        self._container.end()

    def boot(self) -> None:
        """Boot from the disk that `cut_power` left, and wait until systemd, libvirtd and sshd answer."""
        self._container.start()
        self._container.wait()

    def processes(self, name: str) -> list[int]:
        """The processes of the host that are called `name` (the first 15 letters), as this machine numbers them."""
        found = []
        for pid in cgroup.processes(self._container.group):
            with contextlib.suppress(OSError):  # it has ended since
                if Path(f"/proc/{pid}/comm").read_text().rstrip("\n") == name:
                    found.append(pid)
        return sorted(found)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """For a test that only reads: writing is then an error, and running a command is no change."""
        self._frozen = True
        try:
            yield
        finally:
            self._frozen = False

    def _change(self, what: str) -> None:
        if self._frozen:
            raise LabError(f"this test promised only to read {self.name}, and changes {what}")
        self.changed = True

    def _run(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 # subprocess.run calls it so
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        done = self._container.run(*argv, input=input, timeout=timeout)
        if check and done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise LabError(f"{self.name}: {shlex.join(argv)[:300]}: exit {done.returncode}: {said}")
        return done
