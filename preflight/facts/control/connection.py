"""The attempt to connect to the destination's libvirt by the end that does so in the migration, and its certificates.

In a managed migration this is the control machine; in a peer-to-peer migration it is the source.
"""

import re
from typing import Annotated, Self

from preflight.facts.control.by_preflight import LibvirtConnection
from preflight.facts.control.by_source import PeerConnection
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.came_from import CameFrom
from preflight.facts.tls.certificates import CertificateFiles, files_or_reason

#: Start of libvirt's message about a server that refuses a connection over TLS or TCP, or does not answer
#: (virNetSocketNewConnectTCP, src/rpc/virnetsocket.c).
CANNOT_CONNECT = "unable to connect to server at '"
#: Libvirt's messages to a client whose login by SASL fails, and to one that has no mechanism in common with the daemon.
_BY_SASL = r"^authentication failed: authentication failed$|SASL"


def log_in_by_sasl(refusal: str, client: str) -> str | None:
    """Return how to log in, if the daemon refused the connection because of SASL; `client` is the end that connects."""
    if re.search(_BY_SASL, refusal) is None:
        return None
    return (
        "The daemon wants a login by SASL: auth_tcp (by default) or auth_tls in its configuration is sasl. Create a"
        f" user on its host (saslpasswd2 -a libvirt USER), and give the password to {client}, in"
        " /etc/libvirt/auth.conf. Or use another transport: ssh, or TLS with certificates."
    )


class ControlConnection(Fact, frozen=True, kw_only=True):
    """The attempt of one end. Missing parts are stored as the reason: only one of the two ends is ever needed."""

    #: libvirt's own message if the connection failed with one, otherwise None.
    refusal: str | None
    _certificates: CertificateFiles | str
    #: The addresses that the connection comes from; empty if they are unknown.
    came_from: tuple[str, ...]
    #: Reason why nothing is known about the attempt; None if it was made.
    untried: str | None
    #: Reason why the outcome is unknown, if no answer came within the time limit, otherwise None.
    unanswered: str | None

    @property
    def error(self) -> str | None:
        """Libvirt's own message if the connection failed, otherwise None; raises `Unreadable` if that is unknown."""
        if self.untried is not None or self.unanswered is not None:
            raise Unreadable(self.untried or self.unanswered or "")
        return self.refusal

    @property
    def opened(self) -> bool:
        """True if the connection was opened, False if it failed or got no answer; raises `Unreadable` if untried."""
        return self.unanswered is None and self.error is None

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
        attempt: LibvirtConnection | Unreadable,
        certificates: Annotated[Record, "tls.client", OPTIONAL],
        came_from: CameFrom | Unreadable,
    ) -> Self:
        """Take the attempt to connect to the destination, and parse the certificates of the control machine."""
        tried = None if isinstance(attempt, Unreadable) else attempt
        unanswered = None if tried is None else tried.unanswered
        return cls(
            refusal=None if tried is None or unanswered is not None else tried.error,
            _certificates=files_or_reason(certificates),
            came_from=() if isinstance(came_from, Unreadable) else came_from.addresses,
            untried=str(attempt) if tried is None else None,
            unanswered=unanswered,
        )


class SourcesConnection(ControlConnection, frozen=True, kw_only=True):
    """The attempt by root on the source."""

    @classmethod
    def parse(
        cls,
        attempt: PeerConnection | Unreadable,
        certificates: Annotated[Record, "tls.client", OPTIONAL],
        own: OwnAddresses | Unreadable,
    ) -> Self:
        """Take the source's attempt and its addresses, and parse its certificates."""
        tried = None if isinstance(attempt, Unreadable) else attempt
        return cls(
            refusal=None if tried is None else tried.error,
            _certificates=files_or_reason(certificates),
            came_from=() if isinstance(own, Unreadable) else own.global_addresses,
            untried=str(attempt) if tried is None else None,
            unanswered=None,
        )
