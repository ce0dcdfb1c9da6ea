"""Whatever a host answers, a parser returns a fact or raises `Unreadable`, and does nothing else."""

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preflight.facts.control.remote_helper import RemoteHelper
from preflight.facts.fact import MISSING, Fact, Record, Unreadable
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.names.name_service import NameService
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.listening import Listening
from preflight.facts.ssh.login import Login
from preflight.facts.storage.paths import Storage
from preflight.facts.system.identity import AnnouncedName, HostIdentity
from preflight.facts.system.release import Kernel, OpenSsh, OsRelease
from tests.fact_of import fact_of
from tests.facts.noise import answers

CASES = Path(__file__).parent / "cases"
FIREWALLS = [
    json.loads((CASES / "firewall" / f"{name}.json").read_text()) for name in ("verdict-maps", "default", "named-sets")
]
NFT, IPTABLES = FIREWALLS[0]["shown"]["1.1.3"]["nft"], FIREWALLS[1]["shown"]["1.1.3"]["iptables"]
SETS = FIREWALLS[2]["shown"]["1.1.3"]["nft"]
HOSTS = "192.0.2.12 host2 # x\n#192.0.2.13 host3\n"
UDP = "  sl  local_address rem_address   st\n   0: 0100007F:0035 00000000:0000 07 \n"
CAPABILITIES = "<capabilities><host><uuid>8d8c8a0e-1b1f-4b0e-9f3a-0c5d8f2b7a11</uuid></host></capabilities>"
DAEMONS = "clock 2.0 1.0 100\nprocess libvirtd 93 4711\nconf qemu 1.5\nsocket libvirt-sock\n"
OWN = "1: lo    inet 127.0.0.1/8 x\n2: eth0    inet 192.0.2.11/24 x\n2: eth0    inet6 2001:db8::1/64 x\n"
PATHS = "path /a\nstat 81a4 5 65024 9 0:0\nfs ef53 4096 1\n"
MOUNTS = "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"


def broken(good: str) -> Iterator[Record]:
    """The good text cut off, or with one character that is another, at many places; and a failure that says so."""
    noise = random.Random(good)
    for _ in range(300 if good else 0):
        cut = noise.randrange(len(good))
        yield Record(good[:cut])
        yield Record(good[:cut] + chr(noise.choice((0, 9, 10, 34, 44, 48, 58, 61, 91, 123, 0xE9))) + good[cut + 1 :])
    yield Record(good, 1)


def judge(nft: Record, iptables: Record) -> object:
    host = Firewall.parse(nft, iptables)
    return [host.judge(49152, [source]) for source in ("192.0.2.12", "2001:db8::12")]


def look(paths: Record, mounts: Record) -> object:
    return Storage.parse(paths, mounts).look("/a").shared


def resolve(etc_hosts: Record) -> object:
    return HostsFile.parse(etc_hosts).lines_for("host2")


def made(kind: type[Fact], *names: str) -> Callable[..., object]:
    """The fact of these records, which may be parts of the facts that it is made of."""
    return lambda *records: fact_of(kind, dict(zip(names, records, strict=True)))


_OF_PEER = (
    "peer.name",
    "peer.resolve",
    "etc.hosts",
    "nsswitch",
    "resolv",
    "udp-sockets",
    "addresses",
    "kernel.hostname",
)
peer_name = made(PeerName, *_OF_PEER)

PARSERS: list[tuple[str, Callable[..., object], tuple[str, ...]]] = [
    ("OwnAddresses", OwnAddresses.parse, (OWN,)),
    ("Firewall", judge, (NFT, IPTABLES)),
    ("Firewall sets", judge, (SETS, "")),
    ("HostsFile", resolve, (HOSTS,)),
    ("HostIdentity", HostIdentity.parse, (CAPABILITIES, "host1", "0" * 32, DAEMONS)),
    (
        "AnnouncedName",
        made(AnnouncedName, "libvirt.hostname", "qemu.conf", "daemons"),
        ("host1", 'migration_host = "x"\n', DAEMONS),
    ),
    ("Listening", Listening.parse, (UDP,)),
    ("Login", Login.parse, ("",)),
    ("NameService", NameService.parse, ("hosts: files dns\n", "nameserver 192.0.2.1\n", UDP)),
    ("PeerName", peer_name, ("host2", "192.0.2.12 STREAM\n", HOSTS, "hosts: files\n", "", UDP, OWN, "host1")),
    ("Kernel", Kernel.parse, ("Linux 6.1 x86_64",)),
    ("OpenSsh", OpenSsh.parse, ("OpenSSH_9.2p1 x",)),
    ("OsRelease", OsRelease.parse, ('ID=debian\nPRETTY_NAME="x \\"y"\n',)),
    ("RemoteHelper", RemoteHelper.parse, ("/usr/bin/nc\n -U x\n", DAEMONS)),
    ("Storage", look, (PATHS, MOUNTS)),
]
PLACES = [(name, place) for name, _, good in PARSERS for place in range(len(good))]


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_ends_in_a_fact_or_in_unreadable(name: str, place: int) -> None:
    parse, good = next((parse, good) for known, parse, good in PARSERS if known == name)
    records = [Record(text) for text in good]
    parse(*records)  # the honest answer is understood
    for answer in (*answers(), *broken(good[place])):
        with contextlib.suppress(Unreadable):
            parse(*records[:place], answer, *records[place + 1 :])


@pytest.mark.parametrize("place", range(2, 8))
def test_a_name_that_was_not_asked_for_too(place: int) -> None:
    good = ["host2", "", HOSTS, "hosts: files myhostname dns\n", "", UDP.splitlines()[0] + "\n", OWN, "host1"]
    records = [Record(text) for text in good]
    records[1] = Record("", MISSING)
    peer_name(*records)
    for answer in (*answers(), *broken(good[place])):
        changed = [*records[:place], answer, *records[place + 1 :]]
        with contextlib.suppress(Unreadable):
            peer_name(*changed)
