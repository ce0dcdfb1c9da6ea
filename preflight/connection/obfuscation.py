"""Obfuscation of hosts' answers: names of hosts and guests, IP addresses and MAC addresses get others, the same in all.

What a check depends on is kept: which addresses are on one network, which names belong to one domain, which answers are
about the same guest. A private file says what became what, so that later answers get the same, and so that a finding
can be traced back. Names and addresses inside certificates, keys and digests stay, and so do UUIDs.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from xml.sax.saxutils import escape

from preflight import grammar
from preflight.answers import Answers, Record, SavedHost, Taken
from preflight.connection.files_read import digest_of
from preflight.connection.target import TargetError, parse_target

#: Names that are the same everywhere, and words of libvirt's and sshd's own that a name may be: such a name is only
#: replaced where nothing but a name can be.
_EVERYWHERE = frozenset((
    "localhost", "localdomain", "localhost4", "localhost6", "localdomain4", "localdomain6", "ip6-localhost",
    "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "com",
    "org", "net", "edu", "gov", "local", "lan", "internal", "home", "arpa", "test", "invalid", "intern",
))  # fmt: skip
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")
_MIGRATION_HOST = re.compile(r'^[ \t]*migration_host[ \t]*=[ \t]*"([^"\n]{1,255})"', re.MULTILINE)
#: Address and port in the kernel's tables of sockets: each 32 bits with the bytes reversed.
_SOCKET = re.compile(r"\b([0-9A-F]{8}|[0-9A-F]{32})(?=:[0-9A-F]{4}\b)")
_SOCKETS = frozenset(("sockets", "udp-sockets"))
_WORD = re.compile(r"[\w-]+")
#: Where a name is that is also a word of libvirt's.
_PLACES = (
    (r'("name": ")', r'(")'),
    (r"(<name>)", r"(</name>)"),
    (r"(/)", r"(\.[\w.-]+\b|(?=[/'\"\s]))"),
    (r"(?m)(^(?:guest|resident|usage \d+) \d+ )", r"($)"),
)
#: Records whose words are libvirt's and sshd's own, in a host that has no name of a user's.
_VOCABULARY = (
    "libvirt.domains", "libvirt.capabilities", "libvirt.networks", "sshd.effective", "links", "mounts",
    "limits", "daemons", "sshd.listener", "nft", "iptables", "addresses",
)  # fmt: skip
#: First numbers of the networks that mean the same everywhere.
_SPECIAL_V4 = frozenset((0, 127, *range(224, 256)))

#: The machine and the user that took an obfuscated snapshot.
OBFUSCATED = "obfuscated"


class Obfuscation:
    """What becomes of each name and address, by a key that only the map has."""

    def __init__(self, key: str | None = None, names: Mapping[str, str] | None = None) -> None:
        self.key = secrets.token_hex(16) if key is None else key
        #: New name by old one, in lower case.
        self.names: dict[str, str] = dict(names or {})
        #: What was replaced, for the map: addresses and MAC addresses.
        self.addresses: dict[str, str] = {}
        self._replacing: Callable[[str], str] | None = None

    def hosts(self, hosts: Iterable[SavedHost]) -> list[SavedHost]:
        """Return the hosts with other names and addresses, the same in all of them."""
        these = list(hosts)
        for host in these:
            self._learn(host)
        return [self._host(host) for host in these]

    def text(self, text: str) -> str:
        """Return any text with the names and addresses that are known replaced."""
        if self._replacing is None:
            self._replacing = self._compiled()
        return _MAC.sub(self._mac, _IPV6.sub(self._ipv6, _IPV4.sub(self._ipv4, self._replacing(text))))

    def by_digest(self, record: Record, definitions: Mapping[str, str]) -> Record:
        """Return libvirt's answers by the digests of the definitions as they are now; others are left out."""
        try:
            errors = json.loads(record.out)["errors"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return Record("", 1, "the answer was not in the format that preflight collects")
        known = {digest_of(self.text(xml)): errors[one] for one, xml in definitions.items() if one in errors}
        return Record(json.dumps({"errors": self._walk(known)}))

    def typed(self, name: str) -> str:
        """Return the name of a guest as it was typed, if it is known; UUIDs stay."""
        return self.names.get(name.lower(), name)

    # what is learnt

    def _learn(self, host: SavedHost) -> None:
        """Find the names of hosts and of guests in a host's answers."""
        records = host.answers.records
        for name in (*_host_names(host), *(_typed_host(peer) for peer in host.peers)):
            self._add_host(name)
        for name in _guest_names(records):
            self._add(name, "vm")
        self._replacing = None

    def _add_host(self, name: str) -> None:
        if not name or grammar.is_address(name) or not grammar.HOST_NAME.takes(name):
            return
        first, *domain = name.rstrip(".").lower().split(".")
        self._add(first, "hv")
        for label in domain:
            self._add(label, "site")

    def _add(self, name: str, kind: str) -> None:
        lower = name.lower()
        if lower.startswith("localhost"):  # libvirt refuses such a destination (qemuMigrationDstPrepareDirect)
            return
        if lower and lower not in _EVERYWHERE and lower not in self.names:
            # unlike any other name: part of it is random
            self.names[lower] = f"{kind}{len(self.names) + 1}x{self._number('names', below=16**6):06x}"

    # what is replaced

    def _host(self, host: SavedHost) -> SavedHost:
        records = {self.text(name): self._record(name, record) for name, record in host.answers.records.items()}
        absent = {self.text(name): self.text(why) for name, why in host.answers.absent.items()}
        made = host.made and Taken(host.made.at, OBFUSCATED, OBFUSCATED, host.made.version, host.made.packs)
        return SavedHost(self.text(host.name), Answers(records, absent), tuple(map(self.text, host.peers)), made)

    def _record(self, name: str, record: Record) -> Record:
        if name in _SOCKETS:
            return record._replace(out=_SOCKET.sub(self._socket, record.out))
        out = record.out
        if out.startswith(("{", "[")):
            try:
                return record._replace(out=json.dumps(self._walk(json.loads(out))), err=self.text(record.err))
            except (ValueError, RecursionError):
                pass  # as any other text
        return record._replace(out=self.text(out), err=self.text(record.err))

    def _walk(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._walk(one) for one in value]
        if isinstance(value, dict):
            named = isinstance(value.get("name"), str) and "xml" in value  # a guest, whose name may be any word
            walked = {self.text(key): self._walk(one) for key, one in value.items()}
            if named:
                walked["name"] = self.names.get(value["name"].lower(), walked["name"])
            return walked
        return value

    def _compiled(self) -> Callable[[str], str]:
        """Return the function that replaces names: most of them everywhere, words of libvirt's in a few places."""
        words = _vocabulary()
        free = [name for name in self.names if name not in words and len(name) > 2 and not name.isdigit()]
        spelled = {one: self.names[name] for name in free for one in (name, escape(name, {"'": "&apos;"}).lower())}
        steps: list[Callable[[str], str]] = []
        if spelled:
            each = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
            everywhere = re.compile(rf"(?<![^\W_])(?:{each})(?![^\W_])", re.IGNORECASE)
            steps.append(lambda text: everywhere.sub(lambda found: spelled[found[0].lower()], text))
        taken = sorted((name for name in self.names if name not in spelled), key=len, reverse=True)
        for before, after in _PLACES if taken else ():
            there = re.compile(f"{before}({'|'.join(map(re.escape, taken))}){after}", re.IGNORECASE)
            steps.append(partial(there.sub, self._in_place))

        def replace(text: str) -> str:
            for step in steps:
                text = step(text)
            return text

        return replace

    def _in_place(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self.names[found[2].lower()]}{found[3]}"

    def _number(self, *of: object, below: int) -> int:
        """Return a number that follows from the key and these values."""
        digest = hashlib.sha256("/".join(map(str, (self.key, *of))).encode()).digest()
        return int.from_bytes(digest[:8]) % below

    def _ipv4(self, found: re.Match[str]) -> str:
        try:
            address = IPv4Address(found[0])
        except ValueError:
            return found[0]
        new = str(self._other_ipv4(address))
        if new != found[0]:
            self.addresses[found[0]] = new
        return new

    def _other_ipv4(self, address: IPv4Address) -> IPv4Address:
        """Return another address for each network of 16 bits; which ones are in one of 8 or 12 bits is kept."""
        first, second, third, last = address.packed
        if first in _SPECIAL_V4 or (first, second) == (169, 254):
            return address
        return IPv4Address(bytes((self._first(first), self._nibbles(first, second), third, last)))

    def _first(self, first: int) -> int:
        """Return another first number, a different one for each, that is not special."""
        usual = [number for number in range(1, 224) if number not in (127, 169)]
        if first not in usual:
            return first
        shift = 1 + self._number("first", below=len(usual) - 1)
        return usual[(usual.index(first) + shift) % len(usual)]

    def _nibbles(self, first: int, second: int) -> int:
        high, low = divmod(second, 16)
        return 16 * self._nibble(high, first) + self._nibble(low, first, high)

    def _nibble(self, nibble: int, *of: int) -> int:
        """Return another of the numbers from 1 to 15; 0 stays, which ends the address of a network."""
        return nibble and 1 + (nibble - 1 + self._number("nibble", *of, below=15)) % 15

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            address = IPv6Address(found[0])
        except ValueError:
            return found[0]
        new = str(self._other_ipv6(address))
        if new != str(address):
            self.addresses[found[0]] = new
            return new
        return found[0]

    def _other_ipv6(self, address: IPv6Address) -> IPv6Address:
        if address.ipv4_mapped is not None:
            return IPv6Address(f"::ffff:{self._other_ipv4(address.ipv4_mapped)}")
        if address.is_multicast or int(address) < 2**32:
            return address
        number = int(address)
        network, host = number >> 64, number & (2**64 - 1)
        if not address.is_link_local and network >> 32:
            # within 2000::/3; networks of 32 bits and longer stay networks
            network = (0x20000000 | self._number("network", network >> 32, below=2**29)) << 32 | network & (2**32 - 1)
        if host >= 2**16:
            host = self._number("host", host, below=2**63) | 2**48
        return IPv6Address(network << 64 | host)

    def _mac(self, found: re.Match[str]) -> str:
        parts = found[0].lower().split(":")
        if parts[3:] in (["00"] * 3, ["ff"] * 3) or int(parts[0], 16) & 1:
            return found[0]
        # the twin of a guest's interface on the host differs in the first number only
        number = self._number("mac", *parts[3:], below=2**24 - 2) + 1
        new = ":".join((*parts[:3], *(f"{number >> shift & 255:02x}" for shift in (16, 8, 0))))
        self.addresses[found[0]] = new
        return new

    def _socket(self, found: re.Match[str]) -> str:
        words = [bytes.fromhex(found[1][at : at + 8])[::-1] for at in range(0, len(found[1]), 8)]
        address = ip_address(b"".join(words))
        other = self._other_ipv4(address) if isinstance(address, IPv4Address) else self._other_ipv6(address)
        packed = other.packed
        return "".join(packed[at : at + 4][::-1].hex().upper() for at in range(0, len(packed), 4))


def _host_names(host: SavedHost) -> Iterator[str]:
    """Yield the names of hosts in the answers: the host's own, those of its files, and those of servers."""
    records = host.answers.records
    yield _typed_host(host.name)
    for name in ("kernel.hostname", "libvirt.hostname", "peer.name"):
        if name in records:
            yield records[name].out.strip().strip('"')
    for kept in records:
        if kept.startswith(("resolve:", "keys:", "way.memory:", "way.disks:")):
            yield kept.split(":")[1]
    if "etc.hosts" in records:
        for line in records["etc.hosts"].out.splitlines():
            address, *names = line.lstrip("# \t").partition("#")[0].split() or [""]
            if grammar.is_address(address):
                yield from names
    for line in records["resolv"].out.splitlines() if "resolv" in records else ():
        keyword, *domains = line.split() or [""]
        if keyword in ("search", "domain"):
            yield from (f"resolver.{domain}" for domain in domains)
    for line in records["mounts"].out.splitlines() if "mounts" in records else ():
        source = line.partition(" - ")[2].split(" ")[1:2]
        yield from (one.partition(":/")[0] for one in source if ":/" in one)
    for name in ("libvirt.domains", "libvirt.pools"):
        if name in records:
            yield from re.findall(r"<host name=\\?['\"]([^'\"\\]{1,255})", records[name].out)
    if "qemu.conf" in records:
        yield from _MIGRATION_HOST.findall(records["qemu.conf"].out)


def _typed_host(typed: str) -> str:
    try:
        return parse_target(typed).host
    except TargetError:
        return ""


def _guest_names(records: Mapping[str, Record]) -> Iterator[str]:
    record = records.get("libvirt.domains")
    if record is None:
        return
    try:
        listed = json.loads(record.out)["domains"]
        yield from (one["name"] for one in listed if isinstance(one.get("name"), str))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words of libvirt's XML and of sshd's settings, from the host that comes with preflight."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "recorded"
    file = (inside if inside.is_dir() else package.parent / "tests" / "cases") / "ready" / "host1.json"
    (host,) = json.loads(file.read_text(encoding="utf-8"))["hosts"]
    texts = (host["records"][name][0] for name in _VOCABULARY)
    words = {word.lower() for text in texts for word in _WORD.findall(text)}
    parts = {part for word in words for part in word.split("-")}
    return frozenset(words | parts) - {"web", "host1", "example"}
