"""The machine that preflight runs on: this one, but in the lab's network and with separate keys."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import network, rootfs
from .instance import Instance
from .keys import Keys

# OpenSSH takes the home directory from the password file, whatever $HOME says: only a mount helps.
# `ip netns exec` has made a mount namespace already, so these are gone with the command.
ENTER = """
set -e
mount --bind "$1/ssh" "$2"
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/pki" /etc/pki
shift 2
exec "$@"
"""


class Client:
    """Runs commands with the lab's network, /etc/hosts, /etc/pki and ~/.ssh, and this machine's files else."""

    def __init__(self, instance: Instance) -> None:
        self.address = network.CLIENT_ADDRESS
        self.hosts_path = instance.client / "hosts"
        self.ssh_path = instance.client / "ssh"
        """What the client sees as ~/.ssh: id_ed25519, known_hosts; a test may add a config."""
        self._instance = instance

    def start(self, hosts: list[str]) -> None:
        """Connect the client and let it know every host."""
        network.connect(self._instance, "client", self.address)
        self.reset(hosts)

    def reset(self, hosts: list[str]) -> None:
        """Put back its /etc/hosts, its /etc/pki (empty) and ~/.ssh as they are after `start`."""
        shutil.rmtree(self.ssh_path, ignore_errors=True)
        shutil.rmtree(self._instance.client / "pki", ignore_errors=True)
        (self._instance.client / "pki").mkdir()
        keys = Keys(self._instance.keys)
        rootfs.write_login(self.ssh_path, keys.login("client", hosts))
        (self._instance.client / "resolv.conf").touch()
        self.write_hosts(network.hosts_file(hosts))

    def write_hosts(self, text: str) -> None:
        """Replace the client's /etc/hosts; commands that run already see it too."""
        self.hosts_path.write_text(text)
        self.hosts_path.chmod(0o644)

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = False,
        timeout: float = 120,
        input: str | None = None,  # noqa: A002 # subprocess.run calls it so
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` in the client for at most `timeout` seconds; its output is text.

        Its standard input is `input` or empty. `env` replaces the environment, as in subprocess.
        """
        return subprocess.run(
            [*self.entering(), *argv],
            input=input or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=check,
            timeout=timeout,
            env=env,
            cwd=cwd,
        )

    def popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start `argv` in the client; what still runs at down() is killed."""
        started: subprocess.Popen[str] = subprocess.Popen([*self.entering(), *argv], text=True, **options)
        return started

    def entering(self) -> list[str]:
        """Return the words to put before a command so that it runs in the client."""
        home = Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh")
        for mounted_on, mode in ((home, 0o700), (Path("/etc/pki"), 0o755)):
            with contextlib.suppress(FileExistsError):
                mounted_on.mkdir(mode=mode)
        namespace = ["ip", "netns", "exec", self._instance.namespace("client")]
        return [*namespace, "sh", "-c", ENTER, "sh", str(self._instance.client), str(home)]
