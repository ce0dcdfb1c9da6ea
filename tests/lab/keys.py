"""Makes the ssh keys of the lab's machines and the files by which they know each other."""

from pathlib import Path

from .machine import command
from .network import DOMAIN, host_address


class Keys:
    """Key pairs in one directory: `ROLE` logs in as root, `ROLE.host` is what its sshd shows."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self, roles: list[str]) -> None:
        """Make the pairs that are missing; the client is a role too, though it has no sshd."""
        for name in [*roles, *(f"{role}.host" for role in roles)]:
            if not (self.directory / name).exists():
                command(
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ed25519",
                    "-N",
                    "",
                    "-C",
                    name,
                    "-f",
                    str(self.directory / name),
                )

    def private(self, name: str) -> str:
        """Return the text of a private key."""
        return (self.directory / name).read_text()

    def public(self, name: str) -> str:
        """Return the line of a public key."""
        return (self.directory / f"{name}.pub").read_text()

    def authorized(self) -> str:
        """Return the text of authorized_keys: every machine of the lab may log in."""
        roles = [path.stem for path in sorted(self.directory.glob("*.pub"))]
        return "".join(self.public(role) for role in roles if not role.endswith(".host"))

    def known_hosts(self, hosts: list[str]) -> str:
        """Return the text of known_hosts with every host by full name, short name and address."""
        lines = []
        for name in hosts:
            kind, key = self.public(f"{name}.host").split()[:2]
            lines.append(f"{name}.{DOMAIN},{name},{host_address(name)} {kind} {key}\n")
        return "".join(lines)

    def login(self, role: str, hosts: list[str]) -> dict[str, str]:
        """Return the files of the .ssh directory of `role`: name to text."""
        return {
            "id_ed25519": self.private(role),
            "id_ed25519.pub": self.public(role),
            "known_hosts": self.known_hosts(hosts),
        }
