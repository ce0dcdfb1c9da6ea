"""What a host offers to libvirt's `qemu+ssh`: a program that joins ssh to the daemon's socket, and the socket."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record

_KNOWS_UNIX = re.compile(r"(?:^|[\s,])-[A-Za-z]*U(?:[\s,]|$)")


class RemoteHelper(Fact, frozen=True, kw_only=True):
    """The programs and sockets that libvirt's client uses at the far end of an ssh connection.

    The client takes virt-ssh-helper where it is, else `nc -U` (virNetClientSSHHelperCommand, src/rpc/virnetclient.c).
    """

    #: libvirt's own helper is there; since libvirt 6.8.
    virt_ssh_helper: bool
    #: Some program called nc is there.
    netcat: bool
    #: It knows -U, unix sockets: OpenBSD's and nmap's do, the traditional one does not.
    netcat_unix: bool
    #: /run/libvirt/libvirt-sock is there: libvirtd's, or virtproxyd's in its place. `nc` is always pointed at it.
    legacy_socket: bool
    #: /run/libvirt/virtqemud-sock is there.
    modular_socket: bool

    @property
    def usable(self) -> bool:
        """Whether a client could get from ssh to the daemon's socket."""
        return self.virt_ssh_helper or self.netcat_unix

    @classmethod
    def parse(cls, helpers: Record, daemons: Record) -> Self:
        """Read which programs were found, nc's help on -U, and which of libvirt's sockets exist."""
        lines = helpers.required().splitlines()
        names = {line.rpartition("/")[2] for line in lines if line.startswith("/")}
        sockets = {
            line.removeprefix("socket ") for line in daemons.required().splitlines() if line.startswith("socket ")
        }
        return cls(
            virt_ssh_helper="virt-ssh-helper" in names,
            netcat="nc" in names,
            netcat_unix="nc" in names and any(not line.startswith("/") and _KNOWS_UNIX.search(line) for line in lines),
            legacy_socket="libvirt-sock" in sockets,
            modular_socket="virtqemud-sock" in sockets,
        )
