"""Snapshots of a fleet of any size, for tests of `preflight audit`: `python -m tests.fleet N DIR [--seed S] [--built]`.

Each host is made from one that the lab recorded, with a name, addresses, a UUID, keys and guests of its own. It has one
of 40 configurations, which differ in versions, limits, settings, network and guests, and answers about all the others.
The same number and seed give the same files, apart from what the format of snapshots says about who took them.

What differs is drawn so that most ways are READY, and so that every kind of cause occurs: hosts that can take nobody,
guests that can go nowhere, names that one host does not know, and hosts that are down.
"""

import argparse
import base64
import copy
import json
import random
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from msgspec import Struct

from preflight.answers import MISSING, Answers, Record, SavedHost
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.connection import snapshot
from preflight.connection.files_read import digest_of
from tests.lab.truth.record import read

#: Number of configurations of any fleet.
CONFIGURATIONS = 40
#: One in this many hosts is down, and one in this many knows its peers by its own /etc/hosts alone.
_DOWN = 400
#: The recorded pairs of each release: the destination is the host, the source has the guest.
_ROWS = {"bookworm": "network/way-another-network-unreachable", "trixie": "network/offloads-of-one-kernel-debian-13"}
#: The recorded pair whose destination has a firewall that drops the migration ports.
_FILTERED = "network/drop-the-range"
#: Image of a guest that only the guest's own host has.
_LOCAL_IMAGE = "/var/lib/libvirt/images/scratch.img"
_SHARED_IMAGE = "/srv/guests/boot-64-0.img"
#: Address of the first host.
_FIRST = IPv4Address("10.20.0.1")


class GuestOf(Struct, frozen=True):
    """A guest of a configuration."""

    memory_mib: int = 512
    #: Has a disk that no other host has.
    is_local: bool = False
    #: Has an interface in the bridge br0.
    has_bridge: bool = False


class Configuration(Struct, frozen=True):
    """All that two hosts of the same kind have in common."""

    release: str = "bookworm"
    max_workers: int = 20
    max_clients: int = 5000
    max_startups: str = "10:30:100"
    ports: tuple[int, int] = (49152, 49215)
    mtu: int = 1500
    memory_gib: int = 256
    keepalive_interval: int = 5
    has_bridge: bool = True
    is_filtered: bool = False
    #: Finds its peers in its own /etc/hosts, and asks no DNS.
    has_hosts_file: bool = False
    guests: tuple[GuestOf, ...] = ()


class Member(Struct, frozen=True):
    """One host of a fleet, before it has answered."""

    number: int
    name: str
    address: str
    configuration: Configuration
    is_down: bool = False

    @property
    def short(self) -> str:
        """The first label of its name."""
        return self.name.partition(".")[0]


def members(count: int, seed: int = 1) -> list[Member]:
    """Return the hosts of a fleet of this size; the first ones are the same in every larger fleet of that seed."""
    kinds = configurations(seed)
    return [
        Member(
            number,
            f"kvm{number + 1:04}.dc1.example.com",
            str(_FIRST + number + number // 200 * 56),  # 200 hosts in each /24
            kinds[number % CONFIGURATIONS],
            is_down=number % _DOWN == _DOWN - 1,
        )
        for number in range(count)
    ]


def configurations(seed: int = 1) -> list[Configuration]:
    """Return the configurations of a fleet, each of them once; the first is the most usual."""
    draw = random.Random(f"configurations {seed}")
    found = [Configuration(guests=(GuestOf(), GuestOf(2048, has_bridge=True)))]
    while len(found) < CONFIGURATIONS:
        one = _drawn(draw)
        if one not in found:
            found.append(one)
    return found


def _drawn(draw: random.Random) -> Configuration:
    def mostly(usual: Any, *others: Any, share: float = 0.8) -> Any:
        return usual if draw.random() < share else draw.choice(others)

    def rarely(share: float = 0.05) -> bool:
        return draw.random() < share

    return Configuration(
        release=mostly("bookworm", "trixie"),
        max_workers=mostly(20, 10, 40),
        max_clients=mostly(5000, 1000),
        max_startups=mostly("10:30:100", "30:30:100", "5:30:60"),
        ports=mostly((49152, 49215), (49152, 49251), (50000, 50063)),
        mtu=mostly(1500, 9000, share=0.95),
        memory_gib=mostly(256, 64, 128),
        keepalive_interval=mostly(5, 10),
        has_bridge=not rarely(),
        is_filtered=rarely(),
        has_hosts_file=rarely(),
        guests=tuple(
            GuestOf(
                memory_mib=draw.choice((512, 1024, 2048, 4096)),
                is_local=rarely(0.03),
                has_bridge=rarely(0.5),
            )
            for _ in range(draw.randrange(7))
        ),
    )


def fleet(count: int, seed: int = 1, *, built: bool = False) -> Iterator[SavedHost]:
    """Yield the answers of each host of a fleet; see `saved` for `built`."""
    everyone = members(count, seed)
    for member in everyone:
        yield saved(member, everyone, seed, built=built)


def saved(member: Member, everyone: Sequence[Member], seed: int = 1, *, built: bool = False) -> SavedHost:
    """Return the answers of one host, about itself and about all the others.

    With `built`, these include those of its libvirt about the definitions of all guests of the others: in a fleet of
    1,000 hosts, 240 KiB in each file.
    """
    if member.is_down:
        return SavedHost(member.name, _of_a_host_that_is_down(member))
    records = _own(member, seed)
    others = [other for other in everyone if other is not member]
    if member.configuration.has_hosts_file:
        records["etc.hosts"] = Record(_hosts_file(member, others, seed))
    records |= answers_about(member, others, seed)
    if built:
        errors = {digest: None for other in others if not other.is_down for digest in _definitions(other, seed)}
        records[BUILT_BY_DIGEST] = Record(json.dumps({"errors": errors}))
    return SavedHost(member.name, Answers(records), tuple(other.name for other in others))


def answers_about(member: Member, others: Sequence[Member], seed: int) -> dict[str, Record]:
    """Return a host's answers about its peers: their names, the owners of their addresses, and the ways to them."""
    found: dict[str, Record] = {}
    for other in others:
        address = _known_as(member, other, seed)
        found[f"resolve:{other.name}"] = Record("", 2) if address is None else Record(_resolved(address, other.name))
        found[f"keys:{other.name}"] = Record("")
        if not (other.configuration.is_filtered or other.is_down or address is None):
            to = f"{other.name} {other.configuration.ports[1]}"
            found[f"way.memory:{to.replace(' ', ':')}"] = Record(f"port 1 {to} Connection refused\n")
    return found


@cache
def _definitions(member: Member, seed: int) -> tuple[str, ...]:
    """Return the digests of the definitions that a host's guests would be sent with."""
    return tuple(digest_of(guest["sent"]) for guest in json.loads(_own(member, seed)["libvirt.domains"].out)["domains"])


def _resolved(address: str, name: str) -> str:
    """Return the output of `getent ahosts`."""
    return f"{address:<15} STREAM {name}\n{address:<15} DGRAM  \n{address:<15} RAW    \n"


def _known_as(member: Member, other: Member, seed: int) -> str | None:
    """Return the address that a host finds for a peer; None if it does not know the name."""
    if not member.configuration.has_hosts_file:
        return other.address
    draw = random.Random(f"hosts file {seed} {member.number} {other.number}").random()
    return None if draw < 0.01 else other.address


def _hosts_file(member: Member, others: Sequence[Member], seed: int) -> str:
    known = [(_known_as(member, other, seed), other) for other in others]
    lines = (f"{address} {other.name} {other.short}\n" for address, other in known if address is not None)
    return _local_names(member) + "".join(lines)


def _local_names(member: Member) -> str:
    own = f"{member.address} {member.name} {member.short}"
    return f"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n{own}\n"


def _of_a_host_that_is_down(member: Member) -> Answers:
    said = "no answer within 60 s"
    records = {"login": Record("", 255, said), "generation": Record("2")}
    return Answers(records, {"": f"login to {member.name} failed: {said}"})


def _own(member: Member, seed: int) -> dict[str, Record]:
    """Return a host's answers about itself."""
    kind = member.configuration
    host, _ = _recorded(kind.release)
    draw = random.Random(f"host {seed} {member.number}")
    records = {name: _renamed(record, _words(member, draw)) for name, record in host.items()}
    key = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + draw.randbytes(32)).decode()
    records["host-keys"] = Record(f"ssh-ed25519 {key}\n")
    records["etc.hosts"] = Record(_local_names(member))
    records["resolv"] = Record("nameserver 10.20.255.1\nsearch dc1.example.com\n")
    _set(records, "libvirtd.conf", max_workers=kind.max_workers, max_clients=kind.max_clients)
    low, high = kind.ports
    _set(
        records,
        "qemu.conf",
        migration_port_min=low,
        migration_port_max=high,
        keepalive_interval=kind.keepalive_interval,
    )
    _edit(records, "limits", r"(nclients_max +: )5000", rf"\g<1>{kind.max_clients}")
    _edit(records, "limits", r"(maxWorkers +: )20", rf"\g<1>{kind.max_workers}")
    start, _, full = kind.max_startups.split(":")
    _edit(records, "sshd.effective", r"maxstartups \S+", f"maxstartups {kind.max_startups}")
    _edit(records, "sshd.listener", r"0 of \S+ startups", f"0 of {start}-{full} startups")
    _edit(records, "links", r"(2: eth0.* mtu )1500", rf"\g<1>{kind.mtu}")
    kib = kind.memory_gib << 20
    for what, value in (("MemTotal", kib), ("MemFree", kib // 2), ("MemAvailable", kib * 3 // 4)):
        _edit(records, "memory", rf"({what}: +)\d+", rf"\g<1>{value}")
    if kind.is_filtered:
        (_, destination) = _pair(_FILTERED)
        records |= {name: destination[name] for name in ("nft", "iptables")}
    _add_bridge(records, member, draw)
    _add_guests(records, member, draw)
    return records


def _words(member: Member, draw: random.Random) -> dict[str, str]:
    """Return the recorded host's own names, addresses and identifiers, each with that of this host."""
    own = uuid.UUID(bytes=draw.randbytes(16), version=4)
    octets = bytes(map(int, member.address.split(".")))
    return {
        "host2.example.com": member.name,
        "host2": member.short,
        "192.0.2.12/24": f"{member.address}/16",
        "192.0.2.12": member.address,
        "0C0200C0": octets[::-1].hex().upper(),
        "02:00:c0:00:02:0c": ":".join(("02", "00", *(f"{one:02x}" for one in octets))),
        "fe80::c0ff:fe00:20c": f"fe80::{octets[0]:x}ff:fe{octets[1]:02x}:{octets[2] << 8 | octets[3]:x}",
        "e7bc2d0f-ceee-1bdf-d691-a80c783173b4": str(own),
        "e7bc2d0fceee1bdfd691a80c783173b4": own.hex,
    }


def _renamed(record: Record, words: dict[str, str]) -> Record:
    if record.code == MISSING or not any(word in record.out for word in words):
        return record
    return Record(re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], record.out), record.code)


def _set(records: dict[str, Record], name: str, **settings: int) -> None:
    """Write settings into a file of libvirt's that has them as remarks."""
    for key, value in settings.items():
        _edit(records, name, rf"(?m)^#({key} = )\d+", rf"\g<1>{value}")


def _edit(records: dict[str, Record], name: str, pattern: str, by: str) -> None:
    text, times = re.subn(pattern, by, records[name].out, count=1)
    assert times == 1, f"{name} has no {pattern}"
    records[name] = Record(text)


def _add_bridge(records: dict[str, Record], member: Member, draw: random.Random) -> None:
    """Replace the bridges of the recorded host by br0, which has a hardware address of its own."""
    links = [line for line in records["links"].out.splitlines() if " bridge forward_delay " not in line]
    if member.configuration.has_bridge:
        source, destination = _pair(_ROWS[member.configuration.release])
        texts = (source["links"].out, destination["links"].out)
        line = next(line for text in texts for line in text.splitlines() if " bridge forward_delay " in line)
        line = re.sub(r"(link/ether )\S+", rf"\g<1>{_mac(draw)}", re.sub(r"^\d+: br\d", "3: br0", line))
        links.append(line)
    records["links"] = Record("\n".join(links) + "\n")
    addresses = [line for line in records["addresses"].out.splitlines() if not re.match(r"\d+: br\d", line)]
    records["addresses"] = Record("\n".join(addresses) + "\n")


def _mac(draw: random.Random) -> str:
    return ":".join(f"{one:02x}" for one in (0x52, 0x54, 0x00, *draw.randbytes(3)))


def _add_guests(records: dict[str, Record], member: Member, draw: random.Random) -> None:
    made = [_guest(member, number, one, draw) for number, one in enumerate(member.configuration.guests)]
    _, features = _recorded(member.configuration.release)
    cpus = json.loads(records["libvirt.cpus"].out)
    cpus["guests"] = {guest["uuid"]: features for guest in made}
    records["libvirt.domains"] = Record(json.dumps({"domains": made}))
    records["libvirt.cpus"] = Record(json.dumps(cpus))
    records["libvirt.memory"] = Record(json.dumps({"rss": {guest["name"]: 36416 for guest in made}}))
    records["usb-devices"] = Record("")
    is_there = any(guest.is_local for guest in member.configuration.guests)
    first = (
        "stat 81a4 1048576 126 740 0:0"
        if is_there
        else f"stat: cannot statx '{_LOCAL_IMAGE}': No such file or directory"
    )
    stats, _, systems = records["paths"].out.partition("path /dev/kvm\nfs ")
    own = f"path {_LOCAL_IMAGE}\n"
    records["paths"] = Record(
        f"{stats}{own}{first}\npath /dev/kvm\nfs {systems}{own}fs 794c7630 4096 3080051 3080051 0 0 3085511\n"
    )


def _guest(member: Member, number: int, kind: GuestOf, draw: random.Random) -> dict[str, Any]:
    source, _ = _pair(_ROWS[member.configuration.release])
    guest: dict[str, Any] = copy.deepcopy(json.loads(source["libvirt.domains"].out)["domains"][0])
    name, own = f"vm{member.number + 1:04}-{number + 1}", str(uuid.UUID(bytes=draw.randbytes(16), version=4))
    interface = _interface(draw.randbytes(3), number) if kind.has_bridge else ""
    for form in ("xml", "sent"):
        text = guest[form].replace("<name>web</name>", f"<name>{name}</name>").replace(guest["uuid"], own)
        text = re.sub(r"(emory unit='KiB'>)65536", rf"\g<1>{kind.memory_mib << 10}", text)
        text = re.sub(r"    <interface .*?</interface>\n", "", text, flags=re.DOTALL)
        text = text.replace("    <input type='mouse'", f"{interface}    <input type='mouse'", 1)
        if kind.is_local:
            text = text.replace(_SHARED_IMAGE, _LOCAL_IMAGE)
        guest[form] = text
    return guest | {"name": name, "uuid": own, "id": number + 1}


def _interface(mac: bytes, number: int) -> str:
    address = ":".join(f"{one:02x}" for one in (0x52, 0x54, 0x00, *mac))
    return (
        f"    <interface type='bridge'>\n      <mac address='{address}'/>\n      <source bridge='br0'/>\n"
        f"      <target dev='vnet{number}'/>\n      <model type='virtio'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>\n    </interface>\n"
    )


@cache
def _pair(row: str) -> tuple[dict[str, Record], dict[str, Record]]:
    """Return the answers of the source and the destination of a recorded row."""
    recorded = read(row)
    assert recorded is not None
    source, destination = (
        {name: Record(*answer) for name, answer in host["records"].items()} for host in json.loads(recorded[1])["hosts"]
    )
    return source, destination


@cache
def _recorded(release: str) -> tuple[dict[str, Record], Any]:
    """Return a host's answers that are about no peer and no guest, and the features of the recorded guest's CPU."""
    source, destination = _pair(_ROWS[release])
    (features,) = json.loads(source["libvirt.cpus"].out)["guests"].values()
    about_others = ("libvirt.built", "disk-ports", "resolve:", "keys:", "way.")
    return {name: one for name, one in destination.items() if not name.startswith(about_others)}, features


def write(count: int, directory: Path, seed: int = 1, *, built: bool = False) -> int:
    """Write a snapshot of each host, and return their size in bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    size = 0
    for host in fleet(count, seed, built=built):
        path = directory / f"{host.name}.json"
        snapshot.write(path, [host])
        size += path.stat().st_size
    return size


def main(arguments: Sequence[str]) -> int:
    """Write the snapshots that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet")
    parser.add_argument("count", type=int)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--built", action="store_true", help="with the answers of libvirt about all guests of others")
    given = parser.parse_args(arguments)
    size = write(given.count, given.directory, given.seed, built=given.built)
    print(f"{given.count} snapshots of {size // given.count >> 10} KiB each in {given.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
