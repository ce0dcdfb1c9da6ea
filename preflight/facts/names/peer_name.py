"""Resolution of the announced name on a host: the addresses to which its QEMU will send the guest's memory.

The host was asked (`getent ahosts`), or, in a snapshot that was taken without knowing the other host, the answer is
derived from its files if they suffice. Both ways give the same fact for the same host.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Self

from preflight import grammar
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.names.name_service import NameService
from preflight.facts.network.addresses import OwnAddresses, address_of, plain
from preflight.facts.text.located import Located, Location

_NOT_FOUND = 2  # getent(1)
#: Services whose data is in a record, or which cannot know a name that is asked for here.
_UNDERSTOOD = frozenset(("files", "dns", "myhostname"))
#: Forms that glibc accepts as addresses too, as inet_aton(3) does: "10.1" is 10.0.0.1.
_NUMERIC = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}\.?")

Address = IPv4Address | IPv6Address


class PeerName(Fact, frozen=True, kw_only=True):
    """The name that the guest's data is sent to, and the addresses that this host resolves it to."""

    #: The name as the destination announces it, or as given by --migrateuri; it may be an address.
    name: str
    #: Its addresses, each once, IPv4 first and then in numerical order (glibc's own order depends on routes);
    #: IPv4-mapped IPv6 addresses (`::ffff:…`) are given as IPv4. Empty if the host cannot resolve the name.
    addresses: tuple[str, ...]
    #: Locations of the name in /etc/hosts.
    lines: tuple[Located[str], ...]
    #: Locations of the name in commented-out lines of /etc/hosts.
    commented: tuple[Located[str], ...]
    #: Location at which a line can be added to /etc/hosts: after its last line.
    end: Location
    #: Locations of the entries in /etc/hosts for the name, by address, in the same form as `addresses`.
    places: Mapping[str, Located[str]]

    @classmethod
    def parse(
        cls,
        peer_name: Annotated[Record, "peer.name"],
        peer_resolve: Annotated[Record, "peer.resolve"],
        etc_hosts: Annotated[Record, "etc.hosts"],
        hosts: HostsFile,
        service: NameService | Unreadable,
        own: OwnAddresses | Unreadable,
        kernel_hostname: Annotated[Record, "kernel.hostname", OPTIONAL],
    ) -> Self:
        """Parse the name and getent's answer; a host that was not asked would answer what follows from its files.

        Its own addresses and its own name count then: glibc returns no IPv6 address on a host without IPv6, and
        myhostname knows the host's own name.
        """
        name = peer_name.required().strip()
        if not name:
            raise Unreadable("the other end announces an empty name")
        grammar.host(name)
        found = _derived(name, hosts, service, own, kernel_hostname) if peer_resolve.missing else answered(peer_resolve)
        return cls(
            name=name,
            addresses=found,
            lines=tuple(at for _, at in hosts.lines_for(name)),
            commented=tuple(at for _, at in hosts.commented_for(name)),
            end=_end(etc_hosts.out.rstrip("\n")),
            places=_places(hosts, name),
        )

    @property
    def resolves(self) -> bool:
        """True if the host finds an address for the name."""
        return bool(self.addresses)

    @property
    def is_address(self) -> bool:
        """True if an address was announced, which need not be resolved."""
        try:
            address_of(self.name)
        except ValueError:
            return False
        return True

    def corrected(self, address: str, *, given: bool) -> str:
        """Return the change that makes this host use `address`; `given`: the user set the name with --migrateuri."""
        if not self.is_address:
            return f"in /etc/hosts on the source: {address} {self.name}"
        return (
            f"--migrateuri tcp://{address}"
            if given
            else f"set migration_host in the destination's qemu.conf to {address}, and restart its libvirt daemon"
        )

    def place_of(self, address: str) -> Located[str] | None:
        """Return the location in /etc/hosts that gives the name this address; None if something else does."""
        return self.places.get(address)

    @property
    def from_file(self) -> bool:
        """True if every address is in /etc/hosts; False if there is no address."""
        return self.resolves and self.places.keys() >= set(self.addresses)


def _end(hosts: str) -> Location:
    """Return the location of the next line of /etc/hosts."""
    return Location("/etc/hosts", hosts.count("\n") + 2 if hosts else 1, 1, 2, "")


def _places(hosts: HostsFile, name: str) -> Mapping[str, Located[str]]:
    places: dict[str, Located[str]] = {}
    for entry, _ in hosts.lines_for(name):
        places.setdefault(plain(entry.address.value), entry.address)
    if "::1" in places:
        places.setdefault("127.0.0.1", places["::1"])  # glibc returns it for ::1 on a host without IPv6
    return places


def answered(resolve: Record) -> tuple[str, ...]:
    """Parse the answer to `questions.resolve` into addresses ordered as in `PeerName`; raises `Unreadable`."""
    if resolve.code == _NOT_FOUND:
        return ()
    words = [line.split() for line in resolve.required().splitlines()]
    try:
        return _in_order({plain(line[0]) for line in words if line})
    except ValueError:
        raise Unreadable("getent did not print addresses") from None


def _derived(
    name: str, hosts: HostsFile, service: NameService | Unreadable, own: OwnAddresses | Unreadable, hostname: Record
) -> tuple[str, ...]:
    """Return the answer that getent would give, as far as it follows from the host's files."""
    if isinstance(service, Unreadable):
        raise service
    unasked = Unreadable(f"the host was not asked to resolve {name}: take the snapshots with `check --save`")
    literal = _literal(name, unasked)
    if literal is None:
        _know_all_services(name, hosts, service, hostname, unasked)
    found = _parsed(hosts.addresses_of(name)) if literal is None else [literal]
    if not isinstance(own, Unreadable):
        return _usable(found, literal is not None, *own.families)
    answers = {
        _usable(found, literal is not None, four, six) for four, six in ((True, True), (True, False), (False, True))
    }
    if len(answers) > 1:
        raise unasked
    return answers.pop()


def _literal(name: str, unasked: Unreadable) -> Address | None:
    """Return the name as an address, or None; raises `unasked` for a form that only the host's libc can interpret."""
    try:
        literal = address_of(name)
    except ValueError:
        if _NUMERIC.fullmatch(name) or "%" in name:
            raise unasked from None
        return None
    if "%" in name:  # the scope is a number that is specific to the host
        raise unasked
    return literal


def _know_all_services(
    name: str, hosts: HostsFile, service: NameService, hostname: Record, unasked: Unreadable
) -> None:
    """Raise `unasked` unless the entries in /etc/hosts, if any, are all that the host would find for the name."""
    if service.hosts_default and service.dns_can_answer:
        raise unasked  # which service comes first depends on glibc's release
    if service.hosts_services[0] != "files":
        raise unasked
    if hosts.lines_for(name):
        if service.hosts_actions[0] and _goes_on_after_success(service.hosts_actions[0]):
            raise unasked
        return
    if "return" in service.hosts_actions[0].lower():
        if service.hosts_actions[0].replace(" ", "").lower() == "notfound=return":
            return
        raise unasked
    asked = set(service.hosts_services)
    if not asked <= _UNDERSTOOD or ("dns" in asked and service.dns_can_answer):
        raise unasked
    if "myhostname" in asked and _is_own_name(name, hostname.required().strip()):
        raise unasked


def _goes_on_after_success(actions: str) -> bool:
    """Report whether the next service is queried after a success: `[SUCCESS=continue]`, `merge`, `[!…=…]`."""
    return "success" in actions.lower() or "!" in actions


def _is_own_name(name: str, hostname: str) -> bool:
    """Report whether nss-myhostname answers for the name, with addresses that only the host knows."""
    short = name.lower().rstrip(".")
    own = hostname.lower()
    special = ("localhost", "localhost.localdomain", "_gateway", "_outbound", "_localdnsstub", "_localdnsproxy")
    endings = (".localhost", ".localhost.localdomain")
    return short in (own, own.partition(".")[0], *special) or short.endswith(endings)


def _usable(found: list[Address], literal: bool, four: bool, six: bool) -> tuple[str, ...]:
    """Return the addresses that glibc returns on a host with these families; tried with 2.36 and 2.41."""
    if four and six:
        return _written(found)
    if four:
        mapped = [_as_ipv4(address, literal) for address in found]
        return _written([address for address in mapped if address is not None])
    if literal or not any(isinstance(address, IPv6Address) for address in found):
        return _written(found)
    return _written([address for address in found if isinstance(address, IPv6Address) and not address.ipv4_mapped])


def _as_ipv4(address: Address, literal: bool) -> Address | None:
    if isinstance(address, IPv4Address):
        return address
    if address.is_loopback and not literal:
        return IPv4Address("127.0.0.1")
    return address.ipv4_mapped


def _parsed(addresses: tuple[str, ...]) -> list[Address]:
    return [address_of(address) for address in addresses]


def _written(addresses: Iterable[Address]) -> tuple[str, ...]:
    return _in_order({plain(str(address)) for address in addresses})


def _in_order(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return addresses in their usual form, in order; raises `ValueError` for text that is none."""
    known = [(address_of(one), one) for one in addresses]
    return tuple(text for _, _, text in sorted((one.version, int(one), text) for one, text in known))
