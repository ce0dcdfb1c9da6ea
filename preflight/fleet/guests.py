"""Changes of a host's guests: which there are, their state, and their definitions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Disk, Guests, GuestState
from preflight.facts.text.xml import parse_xml
from preflight.fleet.comparison import Comparison, Said, keyed, value
from preflight.fleet.difference import Kind
from preflight.host import Guest, Host

_STATES: Mapping[GuestState, str] = {
    GuestState.NOSTATE: "without a state",
    GuestState.RUNNING: "running",
    GuestState.BLOCKED: "running",
    GuestState.PAUSED: "paused",
    GuestState.SHUTDOWN: "shutting down",
    GuestState.SHUTOFF: "off",
    GuestState.CRASHED: "crashed",
    GuestState.PMSUSPENDED: "suspended",
}
#: Parts of a running guest's XML that libvirt makes up at each start.
_OF_A_START = frozenset(("alias", "address", "seclabel", "backingStore", "resource"))
_NUMBERS_OF_A_START = frozenset(("id", "index", "portid"))
#: Terminals and sockets that QEMU opens.
_OPENED = ("/dev/pts/", "/run/libvirt/", "/var/lib/libvirt/qemu/channel")
#: Parts that are compared by themselves, or that are none of the definition's.
_COMPARED = frozenset(("name", "uuid", "memory", "currentMemory", "vcpu", "os", "cpu", "disk", "interface", "emulator"))


def _guests(old: Host, new: Host) -> Iterator[Said]:
    """Yield the changes of each guest: the one with the same UUID, or else with the same name."""
    before, after = (list(host.fact(Guests).all) for host in (old, new))
    uuids = {guest.uuid: guest for guest in after if guest.uuid}
    pairs = [(was, uuids.get(was.uuid)) for was in before]
    left = {guest.name: guest for guest in after if all(guest is not now for _, now in pairs)}
    for was, known in pairs:
        now = left.pop(was.name, None) if known is None else known
        if now is None:
            yield Said(Kind.GONE, f"guest {was.name} gone (was {_STATES[was.state]})", guest=was.name)
            continue
        if known is None:
            yield Said(
                Kind.CHANGED, f"guest {was.name}: another guest of the same name (UUID {now.uuid})", guest=was.name
            )
        yield from _guest(was, now)
    for now in left.values():
        yield Said(Kind.ADDED, f"guest {now.name} added ({_STATES[now.state]})", guest=now.name)


def _guest(was: Guest, now: Guest) -> Iterator[Said]:
    if was.name != now.name:
        yield Said(Kind.CHANGED, f"guest {was.name} renamed to {now.name}", guest=now.name)
    head = f"guest {now.name}:"

    def about(label: str, before: object, after: object) -> Iterator[Said]:
        yield from value(f"{head} {label}".rstrip(), before, after, guest=now.name)

    if _STATES[was.state] != _STATES[now.state]:
        yield Said(Kind.CHANGED, f"{head} {_STATES[was.state]} -> {_STATES[now.state]}", guest=now.name)
    yield from about("autostart", _on(was.autostart), _on(now.autostart))
    if was.persistent != now.persistent:
        yield from about("definition", *("persistent" if one.persistent else "transient" for one in (was, now)))
    yield from about("snapshots", was.snapshots, now.snapshots)
    yield from about("saved state", *("there" if one.saved else "none" for one in (was, now)))
    yield from about("memory", _size(was.memory_kib), _size(now.memory_kib))
    if was.current_memory_kib - was.memory_kib != now.current_memory_kib - now.memory_kib:
        yield from about("current memory", _size(was.current_memory_kib), _size(now.current_memory_kib))
    yield from about("vCPUs", was.vcpus, now.vcpus)
    yield from about("machine", was.machine, now.machine)
    yield from about("architecture", was.arch, now.arch)
    yield from about("emulator", was.emulator, now.emulator)
    yield from _disks(was, now, head)
    try:
        before, after = parse_xml(was.xml), parse_xml(now.xml)
    except Unreadable:
        return
    yield from about("CPU", _cpu(before), _cpu(after))
    yield from _interfaces(before, after, head, now.name)
    for what, (gone, added) in _others(before, after):
        kind = Kind.CHANGED if gone and added else Kind.ADDED if added else Kind.GONE
        how = "changed" if gone and added else "added" if added else "gone"
        yield Said(kind, f"{head} <{what}> {how}", guest=now.name)


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _size(kib: int) -> str:
    if kib and kib % 1048576 == 0:
        return f"{kib // 1048576} GiB"
    return f"{kib // 1024} MiB" if kib % 1024 == 0 else f"{kib} KiB"


def _disks(was: Guest, now: Guest, head: str) -> Iterator[Said]:
    before, after = ({disk.target: disk for disk in guest.disks} for guest in (was, now))
    for target, old, new in keyed(before, after):
        if old is None:
            yield Said(Kind.ADDED, f"{head} {new.device} {target} added ({_source(new)})", guest=now.name)
        elif new is None:
            yield Said(Kind.GONE, f"{head} {old.device} {target} gone (was {_source(old)})", guest=now.name)
        else:
            label = f"{head} {new.device} {target}"
            yield from value(label, _source(old), _source(new), guest=now.name)
            for field in ("format", "cache", "device"):
                yield from value(f"{label}: {field}", getattr(old, field), getattr(new, field), guest=now.name)
            for field in ("readonly", "shareable", "transient"):
                yield from value(
                    f"{label}: {field}", _on(getattr(old, field)), _on(getattr(new, field)), guest=now.name
                )


def _source(disk: Disk) -> str:
    if disk.path:
        return disk.path
    if disk.pool is not None:
        return f"volume {disk.volume} of pool {disk.pool}"
    servers = ", ".join(f"{one.protocol}://{one.name}" for one in disk.servers)
    return servers or ("empty" if disk.empty else disk.type)


def _cpu(domain: Element) -> str | None:
    cpu = domain.find("cpu")
    if cpu is None:
        return None
    features = {(one.get("name"), one.get("policy")) for one in cpu.iterfind("feature")}
    listed = "".join(
        f" {'+' if policy in ('require', 'force') else '-'}{name}" for name, policy in sorted(features, key=str)
    )
    return f"{cpu.get('mode', 'custom')} {(cpu.findtext('model') or '').strip()}".strip() + listed


def _interfaces(before: Element, after: Element, head: str, guest: str) -> Iterator[Said]:
    was, now = ({_mac(one): _network(one) for one in xml.iterfind("devices/interface")} for xml in (before, after))
    for mac, old, new in keyed(was, now):
        label = f"{head} interface {mac}".rstrip()
        if old is None:
            yield Said(Kind.ADDED, f"{label} added ({new})", guest=guest)
        elif new is None:
            yield Said(Kind.GONE, f"{label} gone (was {old})", guest=guest)
        else:
            yield from value(label, old, new, guest=guest)


def _mac(interface: Element) -> str:
    mac = interface.find("mac")
    return "" if mac is None else mac.get("address", "")


def _network(interface: Element) -> str:
    source = interface.find("source")
    names = {} if source is None else source.attrib
    named = next(
        (f"{key} {names[key]}" for key in ("network", "bridge", "dev") if key in names), interface.get("type", "")
    )
    model = interface.find("model")
    return named if model is None else f"{named}, {model.get('type')}"


def _others(before: Element, after: Element) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the elements that differ and are not compared by themselves, with the number of those gone and added."""
    was, now = Counter(_parts(before)), Counter(_parts(after))
    found: dict[str, list[int]] = {}
    for (tag, _), number in (was - now).items():
        found.setdefault(tag, [0, 0])[0] += number
    for (tag, _), number in (now - was).items():
        found.setdefault(tag, [0, 0])[1] += number
    yield from ((tag, (numbers[0], numbers[1])) for tag, numbers in found.items())


def _parts(domain: Element) -> Iterator[tuple[str, str]]:
    for element in (*(one for one in domain if one.tag != "devices"), *domain.iterfind("devices/*")):
        if element.tag not in _COMPARED and element.tag not in _OF_A_START:
            yield element.tag, _canonical(element)


def _canonical(element: Element) -> str:
    """Return an element without what libvirt makes up at each start, and without blank space; it may be deep."""
    parts: list[str] = []
    left = [element]
    while left:
        one = left.pop()
        children = [child for child in one if child.tag not in _OF_A_START]
        # with the number of children, the order of elements says which is in which
        parts.append(repr((one.tag, sorted(_attributes(one).items()), (one.text or "").strip(), len(children))))
        left += reversed(children)
    return "\n".join(parts)


def _attributes(element: Element) -> dict[str, str]:
    """Return the attributes, except for terminals, sockets and ports that QEMU has opened, and numbers of a start."""
    kept = {key: text for key, text in element.attrib.items() if key not in _NUMBERS_OF_A_START}
    if element.tag in ("source", "target") and kept.get("path", "").startswith(_OPENED):
        del kept["path"]
    kept.pop("tty", None)
    if kept.get("autoport") == "yes":
        for key in ("port", "tlsPort", "websocket"):
            kept.pop(key, None)
    return kept


GUESTS = (Comparison("the guests", frozenset(("libvirt.domains",)), _guests),)
