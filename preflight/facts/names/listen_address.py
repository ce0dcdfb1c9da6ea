"""The addresses on which a program on a host listens if it is given an address or a name."""

from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.network.addresses import plain

#: Instead of an address, these stand for all addresses of the host.
ANY = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared, not listened on


def listens_at(text: str, hosts: HostsFile) -> tuple[str, ...]:
    """Return the addresses for an address or a name, in the form of `plain`; empty for `ANY`.

    Raises `Unreadable` for a name that is not in the host's /etc/hosts.
    """
    if text in ANY:
        return ()
    if ":" in text or text.replace(".", "").isdigit():
        return (plain(text),)
    found = tuple(plain(address) for address in hosts.addresses_of(text))
    if not found:
        raise Unreadable(f"{text} is not in this host's /etc/hosts, and the host was not asked to resolve it")
    return found
