"""Parser for hosts as typed by the user: a name for ssh, a libvirt URI, this machine, or a snapshot file."""

import enum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from preflight.errors import UserError
from preflight.grammar import ALIAS, LOGIN_USER, is_address, shown

#: The forms in which a host can be given.
AS_IN = ", as in host1, admin@host1 or qemu+ssh://host1/system"


class TargetError(UserError):
    """Text that names no host that preflight can check. The message is one line for the user."""


class Kind(enum.Enum):
    """Way in which the host is reached."""

    SSH = "ssh"
    LOCAL = "local"
    SNAPSHOT = "snapshot"


class Target(NamedTuple):
    """Host, as typed (`text`) and as parsed."""

    text: str
    kind: Kind
    #: Argument for ssh: an alias, a name or an address, optionally with `user@`.
    ssh: str | None = None
    port: int | None = None
    keyfile: str | None = None
    path: Path | None = None
    #: The libvirt URI that was typed, if it was one.
    uri: str | None = None
    #: The transport that a typed URI asks for: ssh, tls, tcp or unix.
    transport: str | None = None

    @property
    def host(self) -> str:
        """The name or address alone, for a libvirt URI; empty for this machine."""
        if self.ssh is None:
            return ""
        return self.ssh.rpartition("@")[2]

    def libvirt_uri(self, transport: str, command: str | None = None) -> str:
        """Return the URI of this host's libvirt over a transport; libvirt runs `command` instead of ssh."""
        if self.kind is Kind.LOCAL:
            return "qemu:///system"
        if self.uri and self.transport == transport:
            uri = self.uri
        else:
            host = f"[{self.host}]" if ":" in self.host else self.host
            user = (self.ssh or "").rpartition("@")[0] if transport == "ssh" else ""
            port = f":{self.port}" if self.port and transport == "ssh" else ""
            uri = f"qemu+{transport}://{quote(user) + '@' if user else ''}{host}{port}/system"
        if command and transport == "ssh" and "command=" not in uri:
            uri += ("&" if "?" in uri else "?") + "command=" + quote(command, safe="/")
        return uri


def parse_target(text: str) -> Target:
    """Parse a host as typed; raises `TargetError`."""
    if not text or text.startswith("-"):
        raise TargetError(f"{shown(text)} is not a host{AS_IN}")
    if "://" in text:
        return _parse_uri(text)
    if "/" in text or text.endswith(".json"):
        path = Path(text)
        try:
            found = path.is_file()
        except OSError as why:
            raise TargetError(f"{text}: {why.strerror}") from None
        if not found:
            other = (
                "a directory, not a snapshot file; name a file in it"
                if path.is_dir()
                else "not a regular file, so not a snapshot; take one with `preflight snapshot`"
            )
            what = other if path.exists() else "no such snapshot file; take one with `preflight snapshot`"
            raise TargetError(f"{text}: {what}")
        return Target(text, Kind.SNAPSHOT, path=path)
    if text == "localhost":
        return Target(text, Kind.LOCAL)
    user, at, host = text.rpartition("@")
    return Target(text, Kind.SSH, ssh=_login(text, user, host) if at else _login(text, None, host))


def _login(text: str, user: str | None, host: str) -> str:
    """Return the argument for ssh, `[user@]host`; it must not look like an option or split a line."""
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (user is None or LOGIN_USER.takes(user)) or not text.isprintable():
        raise TargetError(f"{shown(text)} is not a host{AS_IN}")
    if not (ALIAS.takes(host) or is_address(host)):
        port = "; to give a port, write qemu+ssh://host:22/system" if ":" in host else AS_IN
        raise TargetError(f"{shown(text)} is not a host{port}")
    return host if user is None else f"{user}@{host}"


def _parse_uri(text: str) -> Target:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as why:
        raise TargetError(f"{text}: {why}") from None
    driver, _, transport = parts.scheme.partition("+")
    if parts.scheme == "ssh":
        driver, transport = "qemu", "ssh"
    if driver != "qemu":
        raise TargetError(f"{text}: only the QEMU driver can migrate, as in qemu+ssh://host/system")
    if parts.scheme != "ssh" and parts.path != "/system":
        raise TargetError(f"{text}: only guests of the system daemon can be checked, as in qemu+ssh://host/system")
    if not parts.hostname:
        if transport not in ("", "unix"):
            raise TargetError(f"{text}: the host is missing, as in qemu+ssh://host/system")
        return Target(text, Kind.LOCAL, uri=text, transport="unix")
    transport = transport or "tls"
    if transport not in ("ssh", "tls", "tcp"):
        raise TargetError(f"{text}: the transport {transport} is not one of ssh, tls, tcp")
    # not parts.hostname, which is in lower case, as an alias of ~/.ssh/config need not be
    user, at, address = parts.netloc.rpartition("@")
    host = address[: address.index("]") + 1] if address.startswith("[") else address.partition(":")[0]
    keyfile = parse_qs(parts.query).get("keyfile", [None])[0]
    is_ssh = transport == "ssh"
    return Target(
        text,
        Kind.SSH,
        ssh=_login(text, unquote(user.partition(":")[0]) if at else None, host),
        port=port if is_ssh else None,
        keyfile=keyfile if is_ssh else None,
        uri=None if parts.scheme == "ssh" else text,
        transport=transport,
    )
