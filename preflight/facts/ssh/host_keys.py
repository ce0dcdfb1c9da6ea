"""The public keys of a host's sshd, and those that the source finds at the addresses of the announced name.

They show whether an address that does not belong to the destination leads to it nevertheless, through NAT, or to
another machine. If either is unknown, the fact is empty, and nothing is proven.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Fact, Record
from preflight.facts.network.addresses import plain


class HostKeys(Fact, frozen=True, kw_only=True):
    """Host keys, each as "ssh-ed25519 AAAA…"; empty if they are unknown."""

    keys: frozenset[str]

    @classmethod
    def parse(cls, host_keys: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the key files, without their comments."""
        words = [line.split() for line in host_keys.out.splitlines()] if host_keys.code == 0 else []
        return cls(keys=frozenset(f"{kind} {key}" for kind, key, *_ in filter(lambda line: len(line) > 1, words)))


class PeerKeys(Fact, frozen=True, kw_only=True):
    """Host keys found at addresses of the announced name that belong to neither the destination nor the source."""

    by_address: Mapping[str, frozenset[str]]

    def lead_to(self, host: HostKeys, address: str) -> bool:
        """Report whether this host's own sshd answers at the address."""
        return bool(self.by_address.get(address, frozenset()) & host.keys)

    def lead_elsewhere(self, host: HostKeys, address: str) -> bool:
        """Report whether another machine's sshd answers at the address; where no key was found, that is not proven."""
        return address in self.by_address and bool(host.keys) and not self.lead_to(host, address)

    @classmethod
    def parse(cls, peer_keys: Annotated[Record, "peer.keys", OPTIONAL]) -> Self:
        """Parse the output of ssh-keyscan: "ADDRESS TYPE KEY"."""
        found: dict[str, set[str]] = {}
        for line in peer_keys.out.splitlines() if peer_keys.code == 0 else []:
            match line.split():
                case [address, kind, key] if not address.startswith("#"):
                    found.setdefault(plain(address), set()).add(f"{kind} {key}")
        return cls(by_address={address: frozenset(keys) for address, keys in found.items()})
