"""The attempt to open the destination's libvirt, by whoever opens it in the migration, and what that one shows.

In a managed migration that is the machine on which preflight runs; peer-to-peer it is the source.
"""

from typing import Self

from preflight.facts.control.by_preflight import LibvirtConnection
from preflight.facts.control.by_source import PeerConnection
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.tls.certificates import CertificateFiles


class ControlConnection(Fact, frozen=True, kw_only=True):
    """One end's attempt. What could not be had is kept as its reason: only one of the two ends is ever asked."""

    _error: str | None
    _certificates: CertificateFiles | str
    #: The addresses that the connection comes from; empty when they are not known.
    came_from: tuple[str, ...]
    #: Why nothing is known of the attempt; None when it was made.
    untried: str | None

    @property
    def error(self) -> str | None:
        """Libvirt's own message when it could not be opened, else None; raises `Unreadable` when it was not tried."""
        if self.untried is not None:
            raise Unreadable(self.untried)
        return self._error

    @property
    def certificates(self) -> CertificateFiles:
        """The client's: authority, certificate, key; raises `Unreadable`."""
        if isinstance(self._certificates, str):
            raise Unreadable(self._certificates)
        return self._certificates


class ManagedConnection(ControlConnection, frozen=True, kw_only=True):
    """As preflight tried it itself."""

    @classmethod
    def parse(cls, connect: Record, certificates: Record, came_from: Record) -> Self:
        """Make it of the destination's `libvirt.connect` and of this machine's own certificates."""
        error, untried = None, None
        try:
            error = LibvirtConnection.parse(connect).error
        except Unreadable as why:
            untried = str(why)
        address = came_from.out.strip() if came_from.code == 0 else ""
        return cls(
            _error=error,
            _certificates=_files(certificates),
            came_from=(address,) if address else (),
            untried=untried,
        )


class SourcesConnection(ControlConnection, frozen=True, kw_only=True):
    """As root tried it on the source."""

    @classmethod
    def parse(cls, connect: Record, certificates: Record, addresses: Record) -> Self:
        """Make it of the source's answers."""
        error, untried = None, None
        try:
            error = PeerConnection.parse(connect).error
        except Unreadable as why:
            untried = str(why)
        try:
            came_from = OwnAddresses.parse(addresses).global_addresses
        except Unreadable:
            came_from = ()
        return cls(_error=error, _certificates=_files(certificates), came_from=came_from, untried=untried)


def _files(record: Record) -> CertificateFiles | str:
    try:
        return CertificateFiles.parse(record)
    except Unreadable as why:
        return str(why)
