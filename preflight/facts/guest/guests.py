"""The guests that a host's libvirt knows, active or not, as reported by the API.

A guest also keeps its XML text: data that only one rule needs is parsed by that rule's fact, not here.
"""

import enum
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import ip_address
from typing import Annotated, Self
from xml.etree.ElementTree import Element

from msgspec import Struct
from msgspec.structs import replace

from preflight import grammar
from preflight.facts.fact import Fact, Record, Unreadable, read_json
from preflight.facts.guest.devices import GuestDevices
from preflight.facts.text.xml import parse_xml
from preflight.units import MIB

#: KiB in one unit of `<memory unit=…>`. libvirt itself always writes KiB (virDomainDefFormatInternal).
KIB_IN = {"KiB": 1, "k": 1, "MiB": 1024, "M": 1024, "GiB": 1024**2, "G": 1024**2, "TiB": 1024**3, "T": 1024**3}

#: Maximum number of guests of one host that are checked at once: each takes about 70 KiB in a report.
MOST = 5000

#: Maximum length of the list of guests, in characters: 8 KiB of XML for each.
_LONGEST = 48 * MIB
#: Maximum counts of characters in it, which limit guests, members of lists, and tags in the XML of all guests.
_MARKS = {"{": 20 * MOST, ",": 400 * MOST, "<": 400 * MOST}

#: The device through which QEMU uses KVM.
KVM = "/dev/kvm"


class GuestState(enum.Enum):
    """State of a guest: virDomainState, by number."""

    NOSTATE = 0
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTDOWN = 4
    SHUTOFF = 5
    CRASHED = 6
    PMSUSPENDED = 7


#: Default ports of servers if the XML names none (virStorageSourceNetworkDefaultPort of libvirt's
#: src/conf/storage_source_conf.c, 8.5); for RADOS the two of librados, which tries the newer one first.
PORTS: Mapping[str, tuple[int, ...]] = {
    "nbd": (10809,),
    "iscsi": (3260,),
    "ssh": (22,),
    "http": (80,),
    "https": (443,),
    "ftp": (21,),
    "ftps": (990,),
    "gluster": (24007,),
    "rbd": (3300, 6789),
}


class Server(Struct, frozen=True):
    """Server of a network disk or of a layer of its backing chain."""

    #: nbd, iscsi, rbd, ssh, https…
    protocol: str
    #: A name, or an address without brackets; empty for a socket.
    name: str
    #: Ports, any of which may be used; none if the port is unknown.
    ports: tuple[int, ...]
    #: The path of a UNIX socket; None for a server on the network.
    socket: str | None = None

    @property
    def named(self) -> bool:
        """True if it has a name that must be resolved."""
        try:
            ip_address(self.name)
        except ValueError:
            return bool(self.name)
        return False


class Disk(Struct, frozen=True, kw_only=True):
    """`<disk>` element of a guest."""

    #: Its name inside the guest, as "vda".
    target: str
    #: disk, cdrom, floppy or lun.
    device: str
    #: Type of its source: file, block, dir, network, volume, nvme, vhostuser, vhostvdpa.
    type: str
    #: The path on the host; None for an empty drive and for content without a path (network, volume, nvme).
    path: str | None
    #: True if the drive has no medium.
    empty: bool
    #: raw, qcow2…; None if libvirt does not report it.
    format: str | None
    #: The configured cache mode; None for the hypervisor's default.
    cache: str | None
    readonly: bool
    shareable: bool
    transient: bool
    #: Images below the disk's own image: the paths (files, block devices) of its backing chain from the top down, and
    #: of data files. libvirt reports the chain of active guests only.
    backing: tuple[str, ...]
    #: Behaviour at a start without the medium: mandatory, requisite or optional; None if not set (mandatory).
    startup_policy: str | None

    #: For a volume, the names of its storage pool and of the volume; None for all other disks.
    pool: str | None = None
    volume: str | None = None
    #: Servers of its content and of each layer below it that is on a network; any one server of a layer suffices.
    remote: tuple[tuple[Server, ...], ...] = ()
    #: The protocols of its network layers, as "iscsi".
    protocols: tuple[str, ...] = ()
    #: The images of `backing` that the XML for the destination names: opened there even if the disk is copied. libvirt
    #: leaves out those that it found itself when the guest started.
    named_backing: tuple[str, ...] = ()
    #: True if the XML for the destination says itself what lies below the disk's image, or that nothing does
    #: (`<backingStore/>`): a backing image that the image there names is not opened.
    chain_is_given: bool = False

    @property
    def servers(self) -> tuple[Server, ...]:
        """All servers of the disk and of its layers."""
        return tuple(server for layer in self.remote for server in layer)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is opened for the disk: its own and those of its backing chain."""
        return (*([self.path] if self.path else []), *self.backing)

    @property
    def left_out_if_missing(self) -> bool:
        """True if the destination starts with an empty drive if the medium is missing."""
        return self.device in ("cdrom", "floppy") and self.startup_policy in ("optional", "requisite")

    @property
    def copied_by_default(self) -> bool:
        """True if `--copy-storage-all` copies the disk when no disks are named (qemuMigrationAnyCopyDisk)."""
        return not (self.readonly or self.shareable or self.empty)


class Guest(Struct, frozen=True, kw_only=True):
    """Guest, active or not."""

    name: str
    uuid: str
    #: libvirt's ID of the active guest on this host; None if it is not active.
    id: int | None
    state: GuestState
    #: Reason for that state; the numbers depend on the state (virDomainPausedReason and the like).
    reason: int
    #: True if its definition is kept when it stops.
    persistent: bool
    autostart: bool
    #: Number of snapshots whose metadata libvirt has.
    snapshots: int
    #: True if its memory was saved (virsh managedsave), from which it resumes when it is started.
    saved: bool
    #: Type of its running job: virDomainJobType, 0 for none.
    job: int
    #: Operation of that job: virDomainJobOperation; None if there is no job or the operation is unknown.
    operation: int | None
    #: Disks with a backing chain that have a block job, by target.
    block_jobs: tuple[str, ...]
    #: Reason why the job's operation or the block jobs are unknown; None if they are known or were not queried.
    jobs_error: str | None
    #: The live XML of an active guest, otherwise the inactive XML.
    xml: str
    #: The XML that a migration sends: without what came from the source's qemu.conf; None if unknown.
    sent: str | None = None
    #: The live XML, if `xml` is what a migration sends; see `as_it_runs`.
    live: str | None = None
    #: kvm, qemu…
    virt_type: str
    arch: str
    #: In live XML, the canonical name, as "pc-q35-7.2".
    machine: str
    #: The path of the QEMU binary; None if the XML names none.
    emulator: str | None
    #: Maximum memory without hot-plug.
    memory_kib: int
    #: Current memory, by its balloon.
    current_memory_kib: int
    #: Maximum number of virtual CPUs.
    vcpus: int
    disks: tuple[Disk, ...]
    #: Host resources that its other devices and its firmware need.
    devices: GuestDevices

    @property
    def paths(self) -> tuple[str, ...]:
        """Every host path that the guest needs: for its disks, emulator, firmware and other devices."""
        disks = (path for disk in self.disks for path in disk.paths)
        sockets = (server.socket for disk in self.disks for server in disk.servers if server.socket)
        kvm = [KVM] if self.virt_type == "kvm" else []
        return (*disks, *sockets, *([self.emulator] if self.emulator else []), *kvm, *self.devices.needed_paths)

    @property
    def as_it_runs(self) -> str:
        """The XML with the CPU that the guest has: libvirt sends that apart, beside the CPU that was defined."""
        return self.live or self.xml

    @property
    def running(self) -> bool:
        """True if the guest is active, including paused: such a guest is migrated live."""
        return self.id is not None

    def on_destination(self, name: str | None, xml: str | None) -> "Guest":
        """Return the guest as on the destination, with `--dname` and the devices of `--xml`; raises `Unreadable`.

        Its devices are those of the XML that libvirt sends. Its disks are the present ones unless `--xml` gives others:
        what is sent lacks backing chains that libvirt found itself.
        """
        if xml is not None:
            fields = {field: getattr(self, field) for field in _Domain.__struct_fields__ if hasattr(self, field)}
            given = _guest(
                _Domain(**(fields | {"name": name or self.name, "state": self.state.value, "xml": xml, "sent": xml}))
            )
            return replace(given, disks=_with_named_backing(given.disks, xml))
        named = self if name is None else replace(self, name=name)
        if not self.running or self.sent is None:
            return named
        devices, disks = GuestDevices.of(parse_xml(self.sent)), _with_named_backing(self.disks, self.sent)
        return replace(named, xml=self.sent, live=self.xml, devices=devices, disks=disks)


class UnreadGuest(Struct, frozen=True, kw_only=True):
    """Guest that exists, but about which libvirt's answers are incomplete."""

    name: str
    #: Empty if libvirt did not even report that.
    uuid: str
    reason: str


class Guests(Fact, frozen=True, kw_only=True, dict=True):
    """All guests of a host, by name."""

    all: tuple[Guest, ...]
    unread: tuple[UnreadGuest, ...] = ()

    def by_name(self, name: str) -> Guest | None:
        """Return the guest of that name, or None if there is none; raises `Unreadable` if it could not be read."""
        return _found(self._by_name, name)

    def by_uuid(self, uuid: str) -> Guest | None:
        """Return the guest of that UUID, or None if there is none; raises `Unreadable` as `by_name` does."""
        return _found(self._by_uuid, uuid)

    @cached_property
    def _by_name(self) -> "dict[str, Guest | UnreadGuest]":
        # of several the first counts, and unread guests come before all others
        both: list[Guest | UnreadGuest] = [*self.unread, *self.all]
        return {guest.name: guest for guest in reversed(both)}

    @cached_property
    def _by_uuid(self) -> "dict[str, Guest | UnreadGuest]":
        both: list[Guest | UnreadGuest] = [*self.unread, *self.all]
        return {guest.uuid: guest for guest in reversed(both)}

    @classmethod
    def parse(cls, domains: Annotated[Record, "libvirt.domains"]) -> Self:
        """Parse the list of domains that the collector made from libvirt's answers."""
        text = domains.required()
        # counted before decoding, as each would take about a hundred bytes
        for mark, most in _MARKS.items():
            if text.count(mark) > most:
                raise Unreadable(f"the list of guests has more than {most} {mark!r} characters")
        answer = read_json(text, _Answer, "the list of guests is", longest=_LONGEST)
        if len(answer.domains) > MOST:
            raise Unreadable(f"libvirt lists {len(answer.domains)} guests, but at most {MOST} are checked")
        read: list[Guest] = []
        unread: list[UnreadGuest] = []
        seen: set[str] = set()
        for domain in answer.domains:
            try:
                read.append(_listed(domain, seen))
            except Unreadable as why:
                unread.append(UnreadGuest(name=domain.name, uuid=domain.uuid, reason=str(why)))
        return cls(
            all=tuple(sorted(read, key=lambda guest: guest.name)),
            unread=tuple(sorted(unread, key=lambda guest: guest.name)),
        )


def _found(index: Mapping[str, Guest | UnreadGuest], key: str) -> Guest | None:
    found = index.get(key)
    if isinstance(found, UnreadGuest):
        raise Unreadable(f"guest {found.name}: {found.reason}")
    return found


class _Domain(Struct, frozen=True, kw_only=True):
    """Domain as the collector writes it."""

    name: str
    uuid: str = ""
    id: int | None = None
    state: int = 0
    reason: int = 0
    persistent: bool = False
    autostart: bool = False
    snapshots: int = 0
    saved: bool = False
    job: int = 0
    operation: int | None = None
    block_jobs: tuple[str, ...] = ()
    jobs_error: str | None = None
    xml: str = ""
    sent: str | None = None
    error: str | None = None


class _Answer(Struct, frozen=True, kw_only=True):
    domains: list[_Domain]


def _listed(domain: _Domain, seen: set[str]) -> Guest:
    """Parse one guest of the list; names and UUIDs identify the guests to migrate, so they must be unique."""
    guest = _guest(domain)
    for known in (grammar.GUEST.of(domain.name), grammar.UUID.of(domain.uuid)):
        if known in seen:
            raise Unreadable(f"{known} is listed twice")
        seen.add(known)
    return guest


def _guest(domain: _Domain) -> Guest:
    if domain.error is not None:
        raise Unreadable(domain.error or "libvirt reported an error without a message")
    try:
        state = GuestState(domain.state)
    except ValueError:
        raise Unreadable(f"unknown state {domain.state}") from None
    root = parse_xml(domain.xml)
    if root.tag != "domain":
        raise Unreadable(f"its XML is a <{root.tag}>, not a <domain>")
    system = root.find("os/type")
    memory = _kib(root, "memory")
    return Guest(
        name=domain.name,
        uuid=domain.uuid,
        id=domain.id if domain.id is not None and domain.id >= 0 else None,
        state=state,
        reason=domain.reason,
        persistent=domain.persistent,
        autostart=domain.autostart,
        snapshots=domain.snapshots,
        saved=domain.saved,
        job=domain.job,
        operation=domain.operation,
        block_jobs=domain.block_jobs,
        jobs_error=domain.jobs_error,
        xml=domain.xml,
        sent=domain.sent,
        virt_type=_attribute(root, "type"),
        arch=_attribute(system, "arch"),
        machine=_attribute(system, "machine"),
        emulator=root.findtext("devices/emulator"),
        memory_kib=memory,
        current_memory_kib=memory if root.find("currentMemory") is None else _kib(root, "currentMemory"),
        vcpus=_number(root.findtext("vcpu", "1"), "vcpu"),
        disks=tuple(_disk(disk) for disk in root.iterfind("devices/disk")),
        devices=GuestDevices.of(root),
    )


def _attribute(element: Element | None, name: str) -> str:
    value = None if element is None else element.get(name)
    if not value:
        raise Unreadable(f"its XML has no {name}")
    return value


def _number(text: str, what: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise Unreadable(f"its XML's <{what}> is not a number")
    return int(digits)


def _kib(root: Element, tag: str) -> int:
    element = root.find(tag)
    if element is None:
        raise Unreadable(f"its XML has no <{tag}>")
    unit = element.get("unit", "KiB")
    if unit not in KIB_IN:
        raise Unreadable(f"its XML's <{tag}> has the unknown unit {unit}")
    return _number(element.text or "", tag) * KIB_IN[unit]


def _disk(disk: Element) -> Disk:
    kind = disk.get("type", "file")
    source = disk.find("source")
    driver = disk.find("driver")
    target = disk.find("target")
    path = _path(source)
    return Disk(
        target="" if target is None else target.get("dev", ""),
        device=disk.get("device", "disk"),
        type=kind,
        path=path,
        empty=source is None or (kind in {"file", "block", "dir"} and path is None),
        format=None if driver is None else driver.get("type"),
        cache=None if driver is None else driver.get("cache"),
        readonly=disk.find("readonly") is not None,
        shareable=disk.find("shareable") is not None,
        transient=disk.find("transient") is not None,
        backing=tuple(_below(disk)),
        startup_policy=None if source is None else source.get("startupPolicy"),
        pool=source.get("pool") if source is not None and kind == "volume" else None,
        volume=source.get("volume") if source is not None and kind == "volume" else None,
        remote=tuple(tuple(_servers(layer)) for layer in _network_layers(disk)),
        protocols=tuple(dict.fromkeys(layer.get("protocol", "") for layer in _network_layers(disk))),
    )


def _with_named_backing(disks: tuple[Disk, ...], sent: str) -> tuple[Disk, ...]:
    elements = parse_xml(sent).findall("devices/disk")
    named = {disk.target: disk.backing for disk in map(_disk, elements)}
    given = {_disk(one).target for one in elements if one.find("backingStore") is not None}
    return tuple(
        replace(disk, named_backing=named.get(disk.target, ()), chain_is_given=disk.target in given) for disk in disks
    )


def _path(source: Element | None) -> str | None:
    if source is None:
        return None
    return source.get("file") or source.get("dev") or source.get("dir") or None


def _network_layers(disk: Element) -> Iterator[Element]:
    """Yield the sources of the disk and of its backing chain that name a protocol."""
    layer: Element | None = disk
    while layer is not None:
        source = layer.find("source")
        if source is not None and source.get("protocol"):
            yield source
        layer = layer.find("backingStore")


def _servers(source: Element) -> Iterator[Server]:
    protocol = source.get("protocol", "")
    for host in source.iterfind("host"):
        port = host.get("port", "")
        given = (int(port),) if port.isascii() and port.isdigit() and 0 < len(port) < 6 else ()
        name = host.get("name", "").strip("[]")
        if host.get("transport") == "unix":
            yield Server(protocol, "", (), host.get("socket"))
        elif name:
            yield Server(protocol, name, given or PORTS.get(protocol, ()))


def _below(image: Element) -> Iterator[str]:
    layer: Element | None = image
    while layer is not None:
        if layer is not image and (path := _path(layer.find("source"))) is not None:
            yield path
        if (path := _path(layer.find("source/dataStore/source"))) is not None:
            yield path
        layer = layer.find("backingStore")
