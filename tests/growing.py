"""Hosts of any size, for tests of how a check's time grows: guests, addresses, firewall rules, set elements."""

import gc
import json
import time
from collections.abc import Callable
from typing import Any

from tests.case import Case


def with_guests(count: int) -> Case:
    """Return the sound pair with this many running guests, each with its own name, UUID and disk."""

    def many(text: str) -> str:
        (guest, *_) = json.loads(text)["domains"]
        return json.dumps({"domains": [_copy(guest, number) for number in range(count)]})

    return Case().source("libvirt.domains", many)


def _copy(guest: dict[str, Any], number: int) -> dict[str, Any]:
    name, uuid = f"web{number}", f"00000000-0000-4000-8000-{number:012x}"
    xml = guest["xml"].replace(f"<name>{guest['name']}</name>", f"<name>{name}</name>").replace(guest["uuid"], uuid)
    xml = xml.replace(".qcow2'", f"-{number}.qcow2'").replace(".img'", f"-{number}.img'")
    return guest | {"name": name, "uuid": uuid, "id": number + 1, "xml": xml}


def seconds_of(call: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes, without the collection of garbage, which grows with that of other tests."""
    gc.disable()
    try:
        began = time.process_time()
        call()
        return time.process_time() - began
    finally:
        gc.enable()


def with_addresses(count: int) -> Case:
    """Return the sound pair with this many more addresses on either host, as kube-proxy in IPVS mode adds them."""
    rest = "scope global kube-ipvs0\\       valid_lft forever preferred_lft forever"
    more = "".join(f"9: kube-ipvs0    inet {_address(number)}/32 {rest}\n" for number in range(count))
    return Case().source("addresses", lambda text: text + more).destination("addresses", lambda text: text + more)


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def with_iptables(count: int) -> Case:
    """Return a destination with this many rules of iptables, none of them for the source."""
    rules = "".join(f"-A INPUT -s {_address(number)}/32 -p tcp --dport 80 -j ACCEPT\n" for number in range(count))
    table = f"family 4\n*filter\n:INPUT ACCEPT [0:0]\n{rules}COMMIT\n"
    return Case().destination("iptables", lambda _: table)


def with_ports_apart(count: int) -> Case:
    """Return a destination with this many rules of iptables, which treat each port of the range differently."""
    lines = "".join(
        f"-A INPUT -s {_address(number)}/32 -p tcp --dport {49152 + number % 64} -j DROP\n" for number in range(count)
    )
    last = "".join(f"-A INPUT -p tcp --dport {49152 + number} -j ACCEPT\n" for number in range(64))
    return Case().destination("iptables", lambda _: f"family 4\n*filter\n:INPUT DROP [0:0]\n{lines}{last}COMMIT\n")


def with_sets(count: int) -> Case:
    """Return a destination with eight sets of nft with this many addresses each, none of them the source's."""
    of = {"family": "inet", "table": "t"}
    objects: list[dict[str, Any]] = [
        {"table": {"family": "inet", "name": "t"}},
        {"chain": of | {"name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
    ]
    for one in range(8):
        elements = [_address(2 * (one * count + number)) for number in range(count)]
        objects.append({"set": of | {"name": f"s{one}", "type": "ipv4_addr", "elem": elements}})
        left = {"payload": {"protocol": "ip", "field": "saddr"}}
        found = {"match": {"op": "==", "left": left, "right": f"@s{one}"}}
        objects.append({"rule": of | {"chain": "i", "expr": [found, {"drop": None}]}})
    return Case().destination("nft", lambda _: json.dumps({"nftables": objects}))


#: What grows, how large it is for a quick test, how large it may well be, and in seconds how long that may take.
KINDS: dict[str, tuple[Callable[[int], Case], int, int, float]] = {
    "guests": (with_guests, 400, 2000, 6),
    "addresses": (with_addresses, 1000, 2000, 6),
    "rules of iptables": (with_iptables, 3000, 30_000, 6),
    "rules that part the ports": (with_ports_apart, 200, 2000, 6),
    "elements of eight sets": (with_sets, 2000, 24_000, 6),
}


def growth(make: Callable[[int], Case], count: int) -> tuple[float, float]:
    """Return seconds of CPU to judge that many, and twice as many."""
    once, twice = (seconds_of(make(number).report) for number in (count, 2 * count))
    return once, twice


if __name__ == "__main__":
    Case().report()  # all is loaded
    for what, (grown, _, full, most) in KINDS.items():
        seconds, doubled = growth(grown, full)
        print(
            f"{what}: {full} {seconds:.2f} s (at most {most} s), {2 * full} {doubled:.2f} s, x {doubled / seconds:.2f}"
        )
