"""Requirements of libvirt's `qemu+ssh` on a host: a program that joins ssh to the daemon's socket, and the socket."""

import re
from typing import Self

from preflight.facts.fact import Fact, Record

_KNOWS_UNIX = re.compile(r"(?:^|[\s,])-[A-Za-z]*U(?:[\s,]|$)")


class RemoteHelper(Fact, frozen=True, kw_only=True):
    """The programs and sockets that libvirt's client uses at the far end of an ssh connection.

    The client uses virt-ssh-helper if present, else `nc -U` (virNetClientSSHHelperCommand, src/rpc/virnetclient.c).
    """

    #: libvirt's own helper is installed; since libvirt 6.8.
    virt_ssh_helper: bool
    #: A program called nc is installed.
    netcat: bool
    #: It supports -U for UNIX sockets: those of OpenBSD and nmap do, the traditional one does not.
    netcat_unix: bool
    #: /run/libvirt/libvirt-sock exists, of libvirtd or of virtproxyd in its place. `nc` always connects to this one.
    legacy_socket: bool
    #: /run/libvirt/virtqemud-sock exists.
    modular_socket: bool

    @property
    def usable(self) -> bool:
        """True if a client can get from ssh to the daemon's socket."""
        return self.virt_ssh_helper or self.netcat_unix

    @classmethod
    def parse(cls, helpers: Record, daemons: Record) -> Self:
        """Parse the programs that were found, nc's help on -U, and the list of libvirt's sockets."""
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
