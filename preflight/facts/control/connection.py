"""The attempt to connect to the destination's libvirt by the end that does so in the migration, and its certificates.

In a managed migration this is the control machine; in a peer-to-peer migration it is the source.
"""

from typing import Annotated, Self

from preflight.facts.control.by_preflight import LibvirtConnection
from preflight.facts.control.by_source import PeerConnection
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.tls.certificates import CertificateFiles


class ControlConnection(Fact, frozen=True, kw_only=True):
    """The attempt of one end. Missing parts are stored as the reason: only one of the two ends is ever needed."""

    _error: str | None
    _certificates: CertificateFiles | str
    #: The addresses that the connection comes from; empty if they are unknown.
    came_from: tuple[str, ...]
    #: Reason why nothing is known about the attempt; None if it was made.
    untried: str | None

    @property
    def error(self) -> str | None:
        """Libvirt's own message if the connection failed, otherwise None; raises `Unreadable` if it was not tried."""
        if self.untried is not None:
            raise Unreadable(self.untried)
        return self._error

    @property
    def certificates(self) -> CertificateFiles:
        """The client's CA certificate, certificate and key; raises `Unreadable`."""
        if isinstance(self._certificates, str):
            raise Unreadable(self._certificates)
        return self._certificates


class ManagedConnection(ControlConnection, frozen=True, kw_only=True):
    """The attempt by preflight itself."""

    @classmethod
    def parse(
        cls,
        connect: Annotated[Record, "libvirt.connect", OPTIONAL],
        certificates: Annotated[Record, "tls.client", OPTIONAL],
        came_from: Annotated[Record, OPTIONAL],
    ) -> Self:
        """Parse the destination's `libvirt.connect` and the certificates of the control machine."""
        error, untried = _tried(LibvirtConnection, connect)
        address = came_from.out.strip() if came_from.code == 0 else ""
        return cls(
            _error=error,
            _certificates=_files(certificates),
            came_from=(address,) if address else (),
            untried=untried,
        )


class SourcesConnection(ControlConnection, frozen=True, kw_only=True):
    """The attempt by root on the source."""

    @classmethod
    def parse(
        cls,
        connect: Annotated[Record, "peer.connect", OPTIONAL],
        certificates: Annotated[Record, "tls.client", OPTIONAL],
        addresses: Annotated[Record, OPTIONAL],
    ) -> Self:
        """Parse the source's answers."""
        error, untried = _tried(PeerConnection, connect)
        try:
            came_from = OwnAddresses.parse(addresses).global_addresses
        except Unreadable:
            came_from = ()
        return cls(_error=error, _certificates=_files(certificates), came_from=came_from, untried=untried)


def _tried(attempt: type[LibvirtConnection | PeerConnection], connect: Record) -> tuple[str | None, str | None]:
    """Return the error of the attempt, and the reason why nothing is known about it; at most one is not None."""
    try:
        return attempt.parse(connect).error, None
    except Unreadable as why:
        return None, str(why)


def _files(record: Record) -> CertificateFiles | str:
    try:
        return CertificateFiles.parse(record)
    except Unreadable as why:
        return str(why)
