"""No name of a host or guest, no IP address and no MAC address survives obfuscation, whatever they are."""

import json
import re
from ipaddress import IPv4Address, IPv6Address

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from preflight.answers import Answers, Record, SavedHost
from preflight.connection.obfuscation import Obfuscation
from tests.case import Case

KEY = "fedcba9876543210" * 2
LABELS = st.from_regex(r"[a-z][a-z0-9]{3,10}(-[a-z0-9]{1,5})?", fullmatch=True)
GUESTS = st.one_of(LABELS, st.text("abcXYZ09-_. '&<\u00e9\u4e16", min_size=4, max_size=16).map(str.strip))
V4 = (
    st.integers(0x01000000, 0xDFFFFFFF)
    .map(IPv4Address)
    .filter(lambda one: not (one.is_loopback or one.is_link_local or one.packed[0] == 169))
)
V6 = st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address)
MACS = st.lists(st.integers(1, 254), min_size=5, max_size=5).map(
    lambda rest: ":".join(f"{number:02x}" for number in (0x52, *rest))
)


def texts(host: SavedHost) -> str:
    answers = host.answers
    return "\n".join((host.name, *(f"{name}\n{one.out}\n{one.err}" for name, one in answers.records.items())))


@given(LABELS, LABELS, GUESTS, V4, V6, MACS)
@settings(max_examples=60)
def test_nothing_survives(label: str, domain: str, guest: str, four: IPv4Address, six: IPv6Address, mac: str) -> None:
    assume(guest and label != domain and guest not in (label, domain))
    name = f"{label}.{domain}.com"
    listed = json.loads(Case().hosts[0].answers.records["libvirt.domains"].out)
    listed["domains"][0]["name"] = guest
    listed["domains"][0]["xml"] = f"<domain><name>x</name><mac address='{mac}'/></domain>"
    records = {
        "kernel.hostname": Record(f"{label}\n"),
        "etc.hosts": Record(f"{four} {name} {label}\n#{six}\t{name} # {label}\n"),
        "addresses": Record(f"2: eth0    inet {four}/24 scope global eth0\n2: eth0    inet6 {six}/64 scope global\n"),
        "libvirt.domains": Record(json.dumps(listed)),
        "paths": Record(
            f"path /var/lib/libvirt/images/{label}.img\n", 1, f"no answer from {name} ({four}:49152, [{six}])"
        ),
        "links": Record(f"2: eth0: <UP> link/ether {mac} brd ff:ff:ff:ff:ff:ff\n"),
        f"resolve:{name}": Record(f"{four} STREAM {name}\n"),
    }
    obfuscation = Obfuscation(KEY)
    (host,) = obfuscation.hosts([SavedHost(f"root@{name}", Answers(records))])
    text = texts(host)
    for word in (label, domain):
        assert re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is None
    for address in (str(four), str(six)):
        assert re.search(rf"(?<![\w.:]){re.escape(address)}(?![\w.:])", text) is None
    assert mac not in text
    assert json.loads(host.answers.records["libvirt.domains"].out)["domains"][0]["name"] != guest


@given(st.lists(V4, min_size=2, max_size=6, unique=True), st.sampled_from((8, 12, 16, 20, 24, 28)))
@settings(max_examples=100)
def test_addresses_stay_different_and_on_the_same_networks(addresses: list[IPv4Address], bits: int) -> None:
    obfuscation = Obfuscation(KEY)
    new = [IPv4Address(obfuscation.text(str(one))) for one in addresses]
    assert len(set(new)) == len(new)
    shift = 32 - bits
    for one, other in zip(addresses, new, strict=True):
        for two, another in zip(addresses, new, strict=True):
            assert (int(one) >> shift == int(two) >> shift) is (int(other) >> shift == int(another) >> shift)
