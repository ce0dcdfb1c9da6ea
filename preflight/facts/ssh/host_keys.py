"""The public keys of a host's sshd, and those that the source meets where the announced name leads it.

They tell whether an address that is none of the destination's own leads to it all the same, through NAT. Where either
is not known, both facts are empty: then nothing is proven.
"""

from collections.abc import Mapping
from typing import Self

from preflight.facts.fact import Fact, Record
from preflight.facts.network.addresses import plain


class HostKeys(Fact, frozen=True, kw_only=True):
    """Each as "ssh-ed25519 AAAA…"; empty when they are not known."""

    keys: frozenset[str]

    @classmethod
    def parse(cls, host_keys: Record) -> Self:
        """Read the key files, without their remarks."""
        words = [line.split() for line in host_keys.out.splitlines()] if host_keys.code == 0 else []
        return cls(keys=frozenset(f"{kind} {key}" for kind, key, *_ in filter(lambda line: len(line) > 1, words)))


class PeerKeys(Fact, frozen=True, kw_only=True):
    """The keys shown at those addresses of the announced name that are neither the destination's nor the source's."""

    by_address: Mapping[str, frozenset[str]]

    def lead_to(self, host: HostKeys, address: str) -> bool:
        """Whether this host's own sshd answers at the address."""
        return bool(self.by_address.get(address, frozenset()) & host.keys)

    @classmethod
    def parse(cls, peer_keys: Record) -> Self:
        """Read what ssh-keyscan printed: "ADDRESS TYPE KEY"."""
        found: dict[str, set[str]] = {}
        for line in peer_keys.out.splitlines() if peer_keys.code == 0 else []:
            match line.split():
                case [address, kind, key] if not address.startswith("#"):
                    found.setdefault(plain(address), set()).add(f"{kind} {key}")
        return cls(by_address={address: frozenset(keys) for address, keys in found.items()})
