"""Changes of a host itself: programs, names, addresses, hardware, networks, storage, firewall, running daemons."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from preflight.answers import Answers
from preflight.facts.cpu.host import HostCpu
from preflight.facts.daemon.limits import IN_FORCE, DaemonLimits
from preflight.facts.fact import Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.network.addresses import OwnAddresses, is_loopback
from preflight.facts.network.links import Links
from preflight.facts.network.networks import Networks
from preflight.facts.ssh.sshd import SshdListener
from preflight.facts.storage.pools import Pools
from preflight.facts.system.identity import AnnouncedName, HostIdentity
from preflight.facts.system.release import Kernel, OpenSsh, OsRelease
from preflight.facts.text.mounts import Mount, Mounts
from preflight.fleet.comparison import Comparison, Said, compared, either, keyed, value
from preflight.fleet.difference import Change, Kind
from preflight.fleet.files import FILES, resolved, texts
from preflight.fleet.guests import GUESTS
from preflight.host import Host

#: Links that libvirt and QEMU make for guests.
_OF_GUESTS = re.compile(r"(?:vnet|tap|macvtap|veth)\d+")
#: File systems of the kernel's own, and those of which each login has its own.
_NO_STORAGE = frozenset((
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
    "efivarfs", "fusectl", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs",
    "selinuxfs", "sysfs", "tmpfs", "tracefs",
))  # fmt: skip
#: Features of a CPU that are named.
_NAMED = 8
#: Rules of a firewall that are quoted; of more, only their number is given.
_QUOTED = 5
_NUMBERS = re.compile(r"\[\d+:\d+\] ?")


def changes_of(old: Host, new: Host) -> tuple[Change, ...]:
    """Return everything that changed on a host, the most telling first."""
    login = [host.absent.get("") for host in (old, new)]
    if login[0] != login[1] and any(login):
        said = f"login failed: {login[1]}" if login[1] else f"login works again (before: {login[0]})"
        first = Change(new.name, Kind.GONE if login[1] else Kind.ADDED, said, records=frozenset(("login",)))
        return (first,)
    if login[1]:
        return ()
    found = list(
        compared(old, new, (*_PROGRAMS, *FILES, *_NAMES, *_RUNNING, *_NETWORK, *_STORAGE, *GUESTS, *_HARDWARE))
    )
    before, after = (Answers(dict(host.records)) for host in (old, new))
    return (*found, *texts(new.name, before, after, found))


def program(name: str, states: Iterable[str]) -> Iterator[Said]:
    """Yield the change of a program's release."""
    before, after = states
    if before != after:
        yield Said(Kind.CHANGED, f"{name} {before} -> {after}")


def _programs(old: Host, new: Host) -> Iterator[Said]:
    yield from program("libvirt", (str(host.fact(Versions).libvirt) for host in (old, new)))
    yield from program("QEMU", (str(host.fact(Versions).qemu) for host in (old, new)))


def _release(old: Host, new: Host) -> Iterator[Said]:
    yield from either("release", (host.fact(OsRelease).label for host in (old, new)))


def _kernel(old: Host, new: Host) -> Iterator[Said]:
    yield from program("kernel", (host.fact(Kernel).release for host in (old, new)))


def _openssh(old: Host, new: Host) -> Iterator[Said]:
    yield from either(
        "OpenSSH", (host.fact(OpenSsh).text.partition(",")[0].removeprefix("OpenSSH_") for host in (old, new))
    )


_PROGRAMS = (
    Comparison("the releases of libvirt and QEMU", frozenset(("libvirt.versions",)), _programs),
    Comparison("the release", frozenset(("os-release",)), _release),
    Comparison("the kernel", frozenset(("kernel",)), _kernel),
    Comparison("the release of OpenSSH", frozenset(("openssh",)), _openssh),
)


def _identity(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(HostIdentity), new.fact(HostIdentity)
    yield from value("host name", before.hostname, after.hostname)
    yield from value("host UUID of libvirt", before.uuid, after.uuid)
    yield from value("machine ID", before.machine_id, after.machine_id)


def _announced(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(AnnouncedName).name, new.fact(AnnouncedName).name
    yield from value("name announced to sources of migrations", before.value, after.value, after.at)


_NAMES = (
    Comparison("the host's identity", frozenset(("libvirt.capabilities", "kernel.hostname", "machine-id")), _identity),
    Comparison("the announced name", frozenset(("libvirt.hostname", "qemu.conf")), _announced),
    Comparison("resolved names", frozenset(("peer.resolve",)), resolved),
)


def _listener(old: Host, new: Host) -> Iterator[Said]:
    start_and_full = (f"{one.start}-{one.full}" for one in (host.fact(SshdListener) for host in (old, new)))
    yield from either("MaxStartups of the running sshd (start-full)", start_and_full)


def _limits(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(DaemonLimits), new.fact(DaemonLimits)
    yield from value("daemon that manages guests", before.daemon, after.daemon)
    if before.live and after.live:
        for key in IN_FORCE:
            yield from value(
                f"{key} of the running {after.daemon}", getattr(before, key).value, getattr(after, key).value
            )


_RUNNING = (
    Comparison("the running sshd", frozenset(("sshd.listener",)), _listener),
    Comparison("the running daemon's limits", frozenset(("limits", "daemons")), _limits),
)


def _addresses(old: Host, new: Host) -> Iterator[Said]:
    before, after = (set(_own(host)) for host in (old, new))
    for interface, address in sorted(before - after):
        yield Said(Kind.GONE, f"address {address} gone from {interface}")
    for interface, address in sorted(after - before):
        yield Said(Kind.ADDED, f"address {address} added to {interface}")


def _own(host: Host) -> Iterator[tuple[str, str]]:
    """Yield interface and address, without those that an interface has by itself."""
    for one in host.fact(OwnAddresses).addresses:
        if not is_loopback(one.address) and not ip_address(one.address).is_link_local:
            yield one.interface, f"{one.address}/{one.prefix}"


def _links(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(Links), new.fact(Links)
    if before.error is not None or after.error is not None:
        raise Unreadable(before.error or after.error or "")
    for name in sorted(before.names | after.names):
        if _OF_GUESTS.fullmatch(name):
            continue
        kind = after.kinds.get(name) or before.kinds.get(name) or "interface"
        if name not in after.names:
            yield Said(Kind.GONE, f"{kind} {name} gone")
        elif name not in before.names:
            yield Said(Kind.ADDED, f"{kind} {name} added")
        else:
            yield from value(f"MTU of {name}", before.mtus.get(name), after.mtus.get(name))


def _networks(old: Host, new: Host) -> Iterator[Said]:
    listings = (host.fact(Networks) for host in (old, new))
    yield from _entries("network", listings, ("bridge", "forward"), ("portgroups", "links", "served"))


def _pools(old: Host, new: Host) -> Iterator[Said]:
    yield from _entries("pool", (host.fact(Pools) for host in (old, new)), ("type", "target"))


def _entries(what: str, listings: Iterable[Any], fields: Sequence[str], sets: Sequence[str] = ()) -> Iterator[Said]:
    """Yield the changes of the entries of one of libvirt's listings, in these fields and sets."""
    before, after = ({one.name: one for one in _all(listing)} for listing in listings)
    for name, was, now in keyed(before, after):
        if was is None or now is None:
            yield Said(Kind.ADDED if was is None else Kind.GONE, f"{what} {name} {'added' if was is None else 'gone'}")
            continue
        if was.active != now.active:
            yield Said(Kind.CHANGED, f"{what} {name} {'started' if now.active else 'stopped'}")
        for field in fields:
            yield from value(f"{what} {name}: {field}", getattr(was, field), getattr(now, field))
        for field in sets:
            yield from either(
                f"{what} {name}: {field}", (", ".join(sorted(getattr(one, field))) or None for one in (was, now))
            )


def _all(listing: Any) -> Any:
    """Return the entries of a listing; raises `Unreadable` if it is not known."""
    if listing.error is not None:
        raise Unreadable(listing.error)
    return listing.all


def _firewall(old: Host, new: Host) -> Iterator[Said]:
    before, after = (_nft(host) for host in (old, new))
    yield from _rules("nftables", before, after)


def _nft(host: Host) -> Counter[str]:
    """Return the rules, sets and chains of nftables without their handles and counters."""
    record = host.records.get("nft")
    if record is None:
        raise Unreadable(host.absent.get("nft") or "nft was not asked")
    try:
        listed = json.loads(record.required())["nftables"]
        return Counter(json.dumps(_bare(one), sort_keys=True) for one in listed if "metainfo" not in one)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("nft printed no list of rules") from None


def _bare(value: object) -> object:
    if isinstance(value, Mapping):
        kept = {key: _bare(one) for key, one in value.items() if key not in ("handle", "counter", "elem")}
        return kept or dict.fromkeys(value)
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _iptables(old: Host, new: Host) -> Iterator[Said]:
    yield from _rules("iptables", *(_of_iptables(host) for host in (old, new)))


def _of_iptables(host: Host) -> Counter[str]:
    record = host.records.get("iptables")
    if record is None:
        raise Unreadable(host.absent.get("iptables") or "iptables was not asked")
    lines = (_NUMBERS.sub("", line).strip() for line in record.required().splitlines())
    return Counter(line for line in lines if line.startswith(("-A", ":", "*", "family")))


def _rules(program: str, before: Counter[str], after: Counter[str]) -> Iterator[Said]:
    """Yield the rules that are gone and those that were added; nothing says which one replaces which."""
    for kind, found, how in ((Kind.GONE, before - after, "gone"), (Kind.ADDED, after - before, "added")):
        rules = list(found.elements())
        if len(rules) > _QUOTED:
            yield Said(kind, f"{program}: {len(rules)} rules {how}")
        else:
            yield from (Said(kind, f"{program} rule {how}: {_in_words(rule)}") for rule in rules)


def _in_words(rule: str) -> str:
    """Return a rule of iptables as it is, and one of nftables by what it is and where."""
    if not rule.startswith("{"):
        return rule
    ((what, of),) = json.loads(rule).items()
    at = " ".join(str(of.get(key)) for key in ("family", "table", "chain") if of.get(key))
    if what != "rule":
        policy = f", policy {of['policy']}" if of.get("policy") else ""
        return f"{what} {at} {of.get('name', '')}".strip() + policy
    return f"in {at}: {json.dumps(of.get('expr'))}"


_NETWORK = (
    Comparison("addresses", frozenset(("addresses",)), _addresses),
    Comparison("interfaces", frozenset(("links",)), _links),
    Comparison("networks of libvirt", frozenset(("libvirt.networks",)), _networks),
    Comparison("rules of nftables", frozenset(("nft",)), _firewall),
    Comparison("rules of iptables", frozenset(("iptables",)), _iptables),
)


def _mounts(old: Host, new: Host) -> Iterator[Said]:
    before, after = (_storage(host) for host in (old, new))
    for point, was, now in keyed(before, after):
        if was is None:
            yield Said(Kind.ADDED, f"{point} mounted ({now.source}, {now.type})")
        elif now is None:
            yield Said(Kind.GONE, f"{point} no longer mounted (was {was.source}, {was.type})")
        else:
            yield from either(f"mount of {point}", (f"{one.source} ({one.type})" for one in (was, now)))
            yield from either(point, ("read-only" if one.read_only else "writable" for one in (was, now)))


def _storage(host: Host) -> Mapping[str, Mount]:
    record = host.records.get("mounts")
    if record is None:
        raise Unreadable(host.absent.get("mounts") or "the mount table was not asked for")
    return {one.point: one for one in Mounts.read(record.required()).all if one.type not in _NO_STORAGE}


_STORAGE = (
    Comparison("pools", frozenset(("libvirt.pools",)), _pools),
    Comparison("mounts", frozenset(("mounts",)), _mounts),
)


def _cpu(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(HostCpu), new.fact(HostCpu)
    yield from value("CPU", before.model, after.model)
    yield from value("microcode", before.microcode, after.microcode)
    gone, added = sorted(before.features - after.features), sorted(after.features - before.features)
    if before.model == after.model and gone:
        yield Said(Kind.GONE, f"CPU features gone: {_first(gone)}")
    if before.model == after.model and added:
        yield Said(Kind.ADDED, f"CPU features added: {_first(added)}")


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _memory(old: Host, new: Host) -> Iterator[Said]:
    yield from either("memory", (_total(host) for host in (old, new)))


def _total(host: Host) -> str:
    """Return the host's memory in GiB; a tenth is more than a kernel's own share differs by."""
    record = host.records.get("memory")
    found = re.search(r"MemTotal: *(\d{1,15}) kB", record.required()) if record is not None else None
    if found is None:
        raise Unreadable(host.absent.get("memory") or "the host did not report its memory")
    return f"{int(found[1]) / 1048576:.1f} GiB"


_HARDWARE: Iterable[Comparison] = (
    Comparison("the CPU", frozenset(("libvirt.capabilities",)), _cpu),
    Comparison("the memory", frozenset(("memory",)), _memory),
)
