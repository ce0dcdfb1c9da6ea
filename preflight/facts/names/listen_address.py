"""The addresses that a program on a host listens at when it is given an address or a name."""

from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.network.addresses import plain

#: Given in place of an address, these mean every one that the host has.
ANY = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared with, not listened at


def listens_at(text: str, hosts: HostsFile) -> tuple[str, ...]:
    """The addresses for an address or a name, in the form of `plain`; empty for `ANY`.

    Raises `Unreadable` for a name that the host's /etc/hosts does not know.
    """
    if text in ANY:
        return ()
    if ":" in text or text.replace(".", "").isdigit():
        return (plain(text),)
    found = tuple(plain(address) for address in hosts.addresses_of(text))
    if not found:
        raise Unreadable(f"{text} is not in this host's /etc/hosts, and the host was not asked to resolve it")
    return found
