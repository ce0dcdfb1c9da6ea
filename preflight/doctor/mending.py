"""The commands that mend what a host's login lacks, as they are typed on this machine."""

import shlex

from msgspec import Struct

from preflight.connection.target import Kind, Target
from preflight.doctor.packages import installing
from preflight.facts.ssh.login import LoginOutcome

#: What libvirt says to a user who may not manage it: polkit's refusal, and that of the socket's mode.
_NOT_ALLOWED = ("authentication unavailable", "authentication failed", "access denied", "Permission denied")


class Mending(Struct, frozen=True):
    """A host, as it is logged in to."""

    target: Target
    #: The user who is logged in; None if that is not known.
    user: str | None = None
    is_root: bool = False
    #: The ID of the host's distribution in os-release(5); None if it is not known.
    system: str | None = None

    def of_login(self, kind: LoginOutcome) -> str:
        """Return what mends a login that failed."""
        match kind:
            case LoginOutcome.AUTH:
                return self._ssh("ssh-copy-id")
            case LoginOutcome.LIMITS:
                return f"preflight lint {shlex.quote(self.target.text)}, in a while: the host's sshd turns logins away"
            case _:
                return f"{self._ssh('ssh')} true"

    def of_root(self) -> str:
        """Return what gives the user root's rights."""
        user = self.user or "USER"
        rule = f"{user} ALL=(root) NOPASSWD: ALL"
        return (
            f"log in as root, or add the line `{rule}` with: {self._on('visudo -f /etc/sudoers.d/preflight', tty=True)}"
        )

    def of_libvirt(self, error: str) -> str:
        """Return what lets the user connect to libvirt, or shows why nobody can."""
        if any(words in error for words in _NOT_ALLOWED) and not self.is_root:
            return f"as root on the host: usermod -aG libvirt {shlex.quote(self.user or 'USER')}, then log in again"
        return self._on("systemctl status libvirtd virtqemud")

    def of_programs(self, names: list[str]) -> str:
        """Return what installs programs of the host."""
        command = installing(names, self.system)
        return command if command.startswith("install ") else self._on(command)

    def _on(self, command: str, *, tty: bool = False) -> str:
        """Return a command that runs on the host, as root."""
        command = command if self.is_root else f"sudo {command}"
        if self.target.kind is Kind.LOCAL:
            return command
        return f"{self._ssh('ssh -t' if tty else 'ssh')} {command}"

    def _ssh(self, program: str) -> str:
        port = f" -p {self.target.port}" if self.target.port else ""
        key = f" -i {shlex.quote(self.target.keyfile)}" if self.target.keyfile else ""
        return f"{program}{port}{key} {shlex.quote(self.target.ssh or 'localhost')}"
