"""Settings of ssh's client, on the machine that preflight runs on, which libvirt's ssh obeys and preflight's does not.

libvirt runs `ssh -T -e none -- HOST sh -c '...'` (virNetSocketNewConnectSSH, src/rpc/virnetsocket.c), and every byte on
standard output is the daemon's.
"""

import re
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record

#: Bytes of a UNIX socket's path, without its NUL, and those that ssh appends to the path of a socket that it makes
#: (muxserver_listen, mux.c).
_LONGEST_PATH, _APPENDED = 107, 17
#: What makes of a command more than a program with its arguments.
_COMPOUND = re.compile(r"[;&|`\n(){}<>\\$]")
#: A redirection: what is redirected, and to where.
_REDIRECTION = re.compile(r"(&|\d)?>>?[ \t]{0,9}(&\d|[\w./%~-]{1,300})")
#: Programs that print their arguments, and those that print nothing unless something is wrong.
_TALKS = frozenset(("echo", "printf"))
_SILENT = frozenset((":", "false", "logger", "mkdir", "notify-send", "rm", "sleep", "test", "touch", "true"))


class SshClient(Fact, frozen=True, kw_only=True):
    """The settings; those of an ssh that does what libvirt expects if they are unknown."""

    #: default, none or subsystem.
    session_type: str = "default"
    stdin_null: bool = False
    #: None if ssh runs the command that libvirt gives it.
    remote_command: str | None = None
    #: The command that ssh runs on this machine after the login; None if there is none, or it is not permitted.
    local_command: str | None = None
    #: The socket of a master connection; None if none is used.
    control_path: str | None = None
    #: True if ssh would make that socket.
    makes_socket: bool = False
    #: True if the directory of the socket exists, and if the user may write to it.
    directory_exists: bool = True
    directory_open: bool = True
    #: Reason why the settings are unknown, or None.
    unknown: str | None = None

    @property
    def path_too_long(self) -> bool:
        """True if no UNIX socket can have the path of the master connection."""
        size = len((self.control_path or "").encode("utf-8", "surrogateescape"))
        return size > _LONGEST_PATH

    @property
    def new_path_too_long(self) -> bool:
        """True if ssh cannot make the socket under the longer name that it gives it at first."""
        size = len((self.control_path or "").encode("utf-8", "surrogateescape"))
        return self.makes_socket and size + _APPENDED > _LONGEST_PATH

    @property
    def talks(self) -> bool | None:
        """True if there is a local command and it prints to standard output; None if that is unknown."""
        if self.local_command is None:
            return False
        redirected = [(what, to) for what, to in _REDIRECTION.findall(self.local_command) if to != "&1"]
        rest = _REDIRECTION.sub(" ", self.local_command)
        name, *arguments = rest.split() or [""]
        if not _COMPOUND.search(rest):
            if any(what in ("", "1", "&") for what, _ in redirected) or name.rpartition("/")[2] in _SILENT:
                return False
            if name.rpartition("/")[2] in _TALKS and arguments:
                return True
        return None

    @classmethod
    def parse(cls, client: Annotated[Record, "ssh.client", OPTIONAL]) -> Self:
        """Parse the settings that were kept of `ssh -G`; a snapshot may have none."""
        if client.code:
            return cls(unknown=client.err if client.code == _FAILED else None)
        said = dict(line.partition(" ")[::2] for line in reversed(client.out.splitlines()))
        local, remote, path = (said.get(name, "none") for name in ("localcommand", "remotecommand", "controlpath"))
        directory = said.get("directory", "open")
        return cls(
            session_type=said.get("sessiontype", "default"),
            stdin_null=said.get("stdinnull") == "yes",
            remote_command=None if remote == "none" else remote,
            local_command=None if local == "none" or said.get("permitlocalcommand") != "yes" else local,
            control_path=None if path == "none" else path,
            makes_socket=path != "none" and said.get("controlmaster", "false") != "false",
            directory_exists=directory != "missing",
            directory_open=directory != "closed",
        )


#: The code of a record about an ssh that did not answer.
_FAILED = 255
