"""Name resolution by glibc on a host: nsswitch.conf, resolv.conf, and the availability of a DNS server."""

import re
from ipaddress import ip_address
from typing import Self

from preflight.facts.fact import Fact, Record
from preflight.facts.network.proc_net import sockets
from preflight.facts.text.bounds import lines_of
from preflight.facts.text.located import Located, Location

NSSWITCH_CONF = "/etc/nsswitch.conf"
RESOLV_CONF = "/etc/resolv.conf"

#: MAXNS of <resolv.h>: glibc reads no more `nameserver` lines.
_MOST_NAMESERVERS = 3
_DNS_PORT = 53
#: Addresses on which a name server of the host itself answers on the loopback; 127.0.0.53 is systemd-resolved.
_LOCAL = frozenset(("127.0.0.1", "127.0.0.53", "0.0.0.0", "::1", "::"))  # noqa: S104 - compared, not bound

_NAMESERVER = re.compile(r"nameserver[ \t]+([^ \t]+)")
_SERVICE = re.compile(r"\[([^]\[]*)\]|([^\s\[]+)")


class NameService(Fact, frozen=True, kw_only=True):
    """The services that a host queries for a name, and the DNS servers."""

    #: The services of the `hosts:` line in order, as ("files", "dns"), without their actions.
    hosts_services: tuple[str, ...]
    #: For each service, the actions in brackets after it, as "NOTFOUND=return"; "" if there are none.
    hosts_actions: tuple[str, ...]
    #: True without such a line; `hosts_services` is then glibc's default since 2.35, "files dns". Until 2.34 it was
    #: "dns [!UNAVAIL=return] files" (nss/nss_database.c).
    hosts_default: bool
    #: The name servers that glibc queries; none if resolv.conf is missing or names none.
    nameservers: tuple[Located[str], ...]
    #: True if there is a listener on UDP port 53 of the loopback or of any address.
    local_dns: bool

    @classmethod
    def parse(cls, nsswitch: Record, resolv: Record, udp_sockets: Record) -> Self:
        """Parse both files and the kernel's table of UDP sockets; the defaults apply for a file that does not exist."""
        services = _hosts_line("" if nsswitch.missing else nsswitch.required())
        named = services or (("files", ""), ("dns", ""))
        return cls(
            hosts_services=tuple(name for name, _ in named),
            hosts_actions=tuple(actions for _, actions in named),
            hosts_default=services is None,
            nameservers=_nameservers("" if resolv.missing else resolv.required()),
            local_dns=any(
                socket.port == _DNS_PORT and str(socket.address) in _LOCAL for socket in sockets(udp_sockets.required())
            ),
        )

    @property
    def dns_can_answer(self) -> bool:
        """True if there is a server to query. If none is configured, glibc queries 127.0.0.1."""
        return bool(self.nameservers) or self.local_dns


def _hosts_line(text: str) -> tuple[tuple[str, str], ...] | None:
    """Return the services and their actions; None without such a line. The last line is effective (nss_database.c)."""
    found = None
    for _, line in lines_of(NSSWITCH_CONF, text):
        database, colon, rest = line.partition("#")[0].partition(":")
        if not colon or database.strip() != "hosts":
            continue
        services: list[tuple[str, str]] = []
        for action, name in _SERVICE.findall(rest):
            if name:
                services.append((name, ""))
            elif services:
                services[-1] = (services[-1][0], f"{services[-1][1]} {action}".strip())
        found = tuple(services) or found
    return found


def _nameservers(text: str) -> tuple[Located[str], ...]:
    """Parse as resolv/res_init.c does: the keyword at the very start of the line, text after the address ignored."""
    found: list[Located[str]] = []
    for number, line in lines_of(RESOLV_CONF, text):
        match = _NAMESERVER.match(line)
        if match is None or not _is_address(match[1]):
            continue
        if len(found) < _MOST_NAMESERVERS:
            found.append(Located(match[1], Location(RESOLV_CONF, number, match.start(1) + 1, match.end(1) + 1, line)))
    return tuple(found)


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
