"""Questions that depend on the first answers: about the other host, and about the guests to be migrated."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from preflight.collect import questions
from preflight.collect.entrance import Entrance, Port
from preflight.collect.probe import Probe
from preflight.connection.libvirt import BUILDS_WITHOUT_TRACE, BUILT
from preflight.facts.daemon import state_directories
from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.daemon.device_tls import devices_with_tls
from preflight.facts.daemon.guest_settings import GuestSettings
from preflight.facts.fact import Record, Unreadable
from preflight.facts.firewall.firewall import Firewall
from preflight.facts.guest.guests import KVM, Guests
from preflight.facts.guest.started_with import LIMITS_QUEUES
from preflight.facts.libvirt.capabilities import Capabilities
from preflight.facts.libvirt.versions import Versions
from preflight.facts.memory.host import HostMemory
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.storage.block_drivers import MODULES
from preflight.facts.storage.paths import MountTable
from preflight.facts.storage.pools import Pools
from preflight.facts.storage.qemu_limits import QemuLimits
from preflight.facts.storage.qemu_user import QemuUser, above
from preflight.facts.storage.secrets import Secrets, needed_by
from preflight.facts.system.identity import AnnouncedName
from preflight.facts.tls.certificate_paths import CertificatePaths, of_client
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls
from preflight.host import Guest, Host
from preflight.request.applicability import (
    unless_disks_are_sent_elsewhere,
    unless_disks_host_is_given,
)
from preflight.request.check_request import Migration
from preflight.request.migration import Transport
from preflight.shell_text import ShellText
from preflight.units import MIB

T = TypeVar("T")

NO_PATHS: Collection[str] = frozenset()

#: Maximum number of items of each kind that a host is asked about at once: enough for 2,000 guests, and few enough that
#: no host has to start a million processes.
MOST = {
    "paths": 50_000,
    "accounts": 1000,
    "server names": 256,
    "drivers": 256,
    "emulators": 256,
    "block devices": 5000,
    "images": 5000,
    "secrets": 5000,
    "guests": 5000,
    "addresses": 5000,
    "ports": 50_000,
    "names": 5000,
}
#: Maximum length of one question, in characters.
LONGEST = 8 * MIB


class About(Struct, frozen=True):
    """Items of one kind that a host is asked about with one command."""

    what: str
    items: Sequence[Any]
    command: Callable[[Sequence[Any]], ShellText]


class Further(Struct, frozen=True):
    """Further questions for one host, and records that are known without asking."""

    #: Commands by the name under which the answer is stored, which includes the items asked about.
    commands: dict[str, ShellText] = {}
    #: For each record of this pair, the name of the answer that it is taken from.
    made_of: dict[str, str] = {}
    #: Records that need no question, and the reasons why some cannot be asked.
    records: dict[str, Record] = {}
    absent: dict[str, str] = {}
    #: Probes by the name under which the answer is stored.
    probes: dict[str, Probe] = {}
    #: Definitions of the other host's guests, by name, that libvirt is asked to build.
    definitions: dict[str, str] = {}
    #: The items of each record that is asked about items.
    about: dict[str, About] = {}

    @property
    def news(self) -> set[str]:
        """The names of all records that are still to come."""
        return {*self.made_of, *self.records, *self.absent, *questions.LAST, BUILT}

    def ask(self, record: str, command: ShellText, *, about: str = "") -> None:
        """Ask for a record; `about` names the answer if it is not the same for every pair of hosts."""
        kept = about or record
        if len(command) > LONGEST:
            self.absent[record] = f"the question about it would exceed {LONGEST >> 20} MiB"
        else:
            self.commands[kept], self.made_of[record] = command, kept

    def ask_about(
        self,
        record: str,
        what: str,
        items: Sequence[T],
        command: Callable[[Sequence[T]], ShellText],
        *,
        named: bool = False,
    ) -> None:
        """Ask for a record about all of these items, or about none of them if there are more than `MOST` allows.

        The other host determines how many there are; items that were silently left out would pass as checked.
        """
        most = MOST[what]
        self.about[record] = About(what, items, command)
        if len(items) > most:
            self.absent[record] = f"{len(items)} {what} would have to be checked, but the limit is {most}"
        elif items:
            self.ask(record, command(items), about=f"{record}:{' '.join(map(str, items))}" if named else "")

    def ask_for_address(self, record: str, name: str) -> None:
        """Ask the host to resolve a name."""
        self.ask(record, questions.resolve(name), about=f"resolve:{name}")

    def ask_for_certificates(self, record: str, *paths: CertificatePaths) -> None:
        """Ask for the certificate files in one or more of the directories that are searched for them."""
        files = [one.all for one in paths]
        self.ask(record, questions.certificates(*files), about=f"{record}:{' '.join(map(' '.join, files))}")


def further_questions(
    source: Host, destination: Host, migration: Migration, guests: list[Guest]
) -> tuple[Further, Further]:
    """Return the further questions for the source and the destination."""
    others = images_of_others(destination, guests) if migration.copy_storage else NO_PATHS
    of_guests = questions_about_guests(source, destination, migration, guests, others)
    of_hosts = questions_about_hosts(source, destination, migration)
    here, there = map(both, of_hosts, of_guests)
    return here, there


def both(one: Further, other: Further) -> Further:
    """Return the questions of both, which have no record in common."""
    return Further(*({**getattr(one, name), **getattr(other, name)} for name in Further.__struct_fields__))


def questions_about_guests(
    source: Host, destination: Host, migration: Migration, guests: list[Guest], others: Collection[str] = NO_PATHS
) -> tuple[Further, Further]:
    """Return the questions for the source and the destination about the guests to be migrated.

    `others` are the images of the destination's other guests.
    """
    here, there = further = Further(), Further()
    _ask_about_guests(here, there, source, destination, migration, guests, others)
    return further


def questions_about_hosts(
    source: Host, destination: Host, migration: Migration, entrance: Entrance | None = None
) -> tuple[Further, Further]:
    """Return the questions for the source and the destination about each other.

    `entrance` is that of this migration to the destination, if it is known already.
    """
    here, there = further = Further(), Further()
    known = entrance or Entrance.of(destination, migration)
    ask_about_the_ways(here, source, destination, migration, known)
    _ask_about_names(here, there, source, destination, migration, known)
    ask_about_connections(here, there, source, destination, migration)
    return further


def ask_about_connections(here: Further, there: Further, source: Host, destination: Host, migration: Migration) -> None:
    """Ask for the source's own connection to the destination's libvirt, and for the certificates of both ends."""
    if migration.peer_to_peer and migration.destination_uri:
        uri = migration.destination_uri
        here.ask("peer.connect", questions.connect(uri), about=f"connect:{uri}")
    if migration.transport is Transport.TLS:
        if migration.peer_to_peer:
            here.ask_for_certificates("tls.client", of_client(migration.destination_uri or ""))
        with contextlib.suppress(Unreadable):  # reported by the rule that needs it
            there.ask_for_certificates("tls.server", destination.fact(NetworkListener).paths)
    if migration.method.tls:
        for end, host, what in ((here, source, "client"), (there, destination, "server")):
            with contextlib.suppress(Unreadable):
                end.ask_for_certificates("tls.data", *host.fact(MigrationTls).paths(what))


def ask_about_the_ways(
    here: Further, source: Host, destination: Host, migration: Migration, entrance: Entrance
) -> None:
    """Have the source try to connect to the destination, unless that might be noticed there.

    It does so for the memory, and for disks that go to another host.
    """
    for record, port in entrance.ports.items():
        if record in source.unasked and not migration.probe:
            continue
        if isinstance(port, str):
            here.absent[record] = port
            continue
        untried = why_not_to_try(port, source, destination, probe=migration.probe)
        if untried is not None:
            here.records[record] = Record(f"{'unprobed' if migration.probe else 'untried'} {untried}")
        elif migration.probe:
            kept = f"probe:{port.name}:{port.number}"
            here.probes[kept] = Probe(port.number, questions.reach(port.name, port.number))
            here.made_of[record] = kept
        else:
            here.ask(record, questions.way(port.name, port.number), about=f"{record}:{port.name}:{port.number}")


def why_not_to_try(port: Port, source: Host, destination: Host, *, probe: bool) -> str | None:
    """Return why the source should not try to connect to the port; None if nothing would come of it.

    A probe was asked for, so it is also made where a firewall cannot be read.
    """
    if port.untried is not None:
        return port.untried
    if "nft" not in destination.records or "nft" not in source.records:
        return "the hosts were not asked for their firewalls"
    try:
        sources = source.fact(OwnAddresses).global_addresses
        judged = destination.fact(Firewall).judge(port.number, sources, destination.fact(OwnAddresses))
        noticed = judged.noticed or judged.rates or source.fact(Firewall).notices_what_leaves
    except Unreadable as why:
        return None if probe else f"a firewall might log or count the connection: {why}"
    if judged.action != "accept":
        return "the destination's firewall blocks the port"
    return "a firewall would log or count the connection" if noticed else None


def _ask_about_names(
    here: Further, there: Further, source: Host, destination: Host, migration: Migration, entrance: Entrance
) -> None:
    """Ask both ends to resolve the names that the guests' data is sent to."""
    if entrance.name is None:
        here.absent["peer.name"] = f"the name that {destination.name} announces is unknown: {entrance.unnamed}"
    else:
        name = entrance.name
        here.records["peer.name"] = Record(name)
        here.ask_for_address("peer.resolve", name)
        with contextlib.suppress(Unreadable):
            known = {own.address for host in (source, destination) for own in host.fact(OwnAddresses).addresses}
            if len(known) > MOST["addresses"]:
                here.absent["peer.keys"] = f"the hosts have {len(known)} addresses"
            else:
                here.ask("peer.keys", questions.keys_met(name, sorted(known)), about=f"keys:{name}")
    if not (unless_disks_host_is_given(migration) and unless_disks_are_sent_elsewhere(migration)):
        with contextlib.suppress(Unreadable):  # the memory's name, which is reported above
            name = migration.disks_to.host or migration.memory_to.host or destination.fact(AnnouncedName).name.value
            for end in (here, there):
                end.records["disks.name"] = Record(name)
                end.ask_for_address("disks.resolve", name)


def _definitions(destination: Host, guests: Iterable[Guest]) -> Iterator[tuple[str, str]]:
    """Yield the guests, by name, that the destination's libvirt can be asked to build without any trace on it.

    It would run an emulator that it does not know yet.
    """
    with contextlib.suppress(Unreadable):
        if destination.fact(Versions).libvirt < BUILDS_WITHOUT_TRACE:
            return
        known = destination.fact(Capabilities).emulators
        for guest in guests:
            if guest.sent is not None and (guest.emulator is None or guest.emulator in known):
                yield guest.name, guest.sent


def _ask_about_guests(
    here: Further,
    there: Further,
    source: Host,
    destination: Host,
    migration: Migration,
    guests: list[Guest],
    others: Collection[str],
) -> None:
    """Ask for the resources that the guests need on either end."""
    paths = paths_on((source, destination), guests)
    there.definitions.update(_definitions(destination, guests))
    here.ask_about("paths", "paths", paths, questions.stat_paths)
    there.ask_about("paths", "paths", sorted({*paths, *others}), questions.stat_paths)
    wanted = sorted({account for guest in guests for account in guest.devices.accounts})
    there.ask_about("accounts", "accounts", wanted, questions.accounts, named=True)
    opened = sorted({path for guest in guests for path in _opened(guest, destination)})
    kvm = any(guest.virt_type == "kvm" for guest in guests)
    with contextlib.suppress(Unreadable):
        user = destination.fact(QemuUser)
        if user.uid and guests:  # root may access everything, so there is nothing to ask
            asked = sorted(
                {*opened, *above(state_directories.PRIVATE), state_directories.PRIVATE, *([KVM] if kvm else [])}
            )
            there.ask_about("access", "paths", asked, partial(questions.access, user.uid, user.gid))
    if migration.memory_to.rdma:
        emulators = sorted({guest.emulator for guest in guests if guest.emulator})
        for end in (here, there):
            if emulators:
                end.ask_about("rdma", "emulators", emulators, questions.rdma)
            else:
                end.ask("rdma", questions.rdma(()))
    _ask_about_network_disks(there, guests)
    if any("type='usb'" in guest.xml for guest in guests):
        there.ask("usb-devices", questions.USB_DEVICES)
    else:
        there.records["usb-devices"] = Record("")
    devices = sorted({disk.path for guest in guests for disk in guest.disks if disk.path and disk.type == "block"})
    images = _read_heads(guests, migration, source, destination)
    for end in (here, there):
        end.ask_about("block-devices", "block devices", devices, questions.block_devices)
        below = _backing_images(guests, migration, source, destination) if end is there else NO_PATHS
        end.ask_about("images", "images", sorted({*images, *below}), questions.image_heads)
    _ask_about_secrets(here, there, source, destination, guests)
    running = sorted({guest.name for guest in guests if guest.running})
    with contextlib.suppress(Unreadable):  # reported by the rule that needs it
        if destination.fact(Versions).qemu >= LIMITS_QUEUES:
            here.ask_about("started-with", "guests", running, questions.started_with)
    with contextlib.suppress(Unreadable):  # reported by the rule that needs it
        limits = destination.fact(QemuLimits)
        if limits.matter:
            here.ask_about("usage", "guests", running, questions.usage)
        if limits.processes is not None:
            there.ask("tasks", questions.tasks(limits.uid))
    with contextlib.suppress(Unreadable):  # reported by the rule that needs it
        # from the file alone: virt-admin is queried at the same time as this, and does not report this setting
        if source.fact(DaemonConf).number("max_client_requests").value <= 1:
            here.ask_about("resident", "guests", running, questions.resident)


def _ask_about_secrets(here: Further, there: Further, source: Host, destination: Host, guests: Iterable[Guest]) -> None:
    """Ask both ends whether the secrets of the guests have the same values, and how many others open their images."""
    needed = [one for guest in guests for one in needed_by(guest)]
    for end, host in ((here, source), (there, destination)):
        with contextlib.suppress(Unreadable):  # reported by the rule that needs it
            found = filter(None, map(host.fact(Secrets).find, needed))
            wanted = sorted({(secret.uuid, secret.value_path or "") for secret in found})
            end.ask_about("secret-digests", "secrets", wanted, questions.secret_digests)
    images = sorted({one.path for one in needed if one.path})
    there.ask_about("key-slots", "images", images, questions.key_slots)


def _ask_about_network_disks(there: Further, guests: Iterable[Guest]) -> None:
    """Ask for the destination's drivers for network disks, and whether it can reach their servers."""
    disks = [(guest, disk) for guest in guests for disk in guest.disks]
    servers = {server for _, disk in disks for server in disk.servers}
    names = sorted({server.name for server in servers if server.named})
    there.ask_about("disk-servers", "server names", names, questions.resolve_all)
    ports = sorted({(server.name, port) for server in servers for port in server.ports})
    there.ask_about("disk-ports", "ports", ports, questions.connect_all)
    wanted = {(guest.emulator, MODULES[one]) for guest, disk in disks for one in disk.protocols if one in MODULES}
    drivers = sorted((emulator, *module) for emulator, module in wanted if emulator)
    there.ask_about("block-drivers", "drivers", drivers, questions.block_drivers)


def paths_on(hosts: Iterable[Host], guests: Iterable[Guest]) -> list[str]:
    """Return every path that these hosts must be asked about for these guests, and libvirt's own directories."""
    return sorted(
        {*state_directories.ALL, *(path for host in hosts for guest in guests for path in paths_of(guest, host))}
    )


def paths_of(guest: Guest, host: Host) -> Iterator[str]:
    """Yield every path that a host must be asked about for a guest.

    Some of them only its libvirt knows: the paths of volumes, from its pools, and those of the values of secrets.
    """
    yield from guest.paths
    if "<hugepages" in guest.xml:
        yield from (mount.marker for mount in host.fact(HostMemory).mounts)
    with contextlib.suppress(Unreadable):
        settings = host.fact(GuestSettings)
        for device in devices_with_tls(guest.sent or guest.xml, settings):
            yield from device.paths
        if "<memoryBacking" in guest.xml:
            yield settings.text("memory_backing_dir").value
    with contextlib.suppress(Unreadable):
        for disk in guest.disks:
            if disk.pool is not None:
                yield from host.fact(Pools).paths(disk)
    with contextlib.suppress(Unreadable):
        for needed in needed_by(guest):
            secret = host.fact(Secrets).find(needed)
            if secret is not None and secret.value_path is not None:
                yield secret.value_path


def images_of_others(destination: Host, guests: Iterable[Guest]) -> set[str]:
    """Return the image paths of the destination's other guests: a disk may be copied onto one, under another path."""
    own = {guest.uuid for guest in guests}
    with contextlib.suppress(Unreadable):  # reported by the rule that needs it
        others = [guest for guest in destination.fact(Guests).all if guest.uuid not in own]
        return {path for guest in others for disk in guest.disks for path in disk.paths}
    return set()


def _opened(guest: Guest, host: Host) -> Iterator[str]:
    """Yield the files of the guest's disks on this host, and the directories above them."""
    for disk in guest.disks:
        with contextlib.suppress(Unreadable):
            for path in host.fact(Pools).paths(disk):
                yield from (path, *above(path))


def _is_of_several_hosts(host: Host, path: str) -> bool:
    """Report whether the host has the path on a file system that others may have too; False if that is unknown."""
    with contextlib.suppress(Unreadable):
        return host.fact(MountTable).is_of_several_hosts(path)
    return False


def _backing_images(guests: Iterable[Guest], migration: Migration, *hosts: Host) -> set[str]:
    """Return the images below those that are not copied, which may keep their data in files of their own."""
    disks = [disk for guest in guests for disk in guest.disks if disk.format == "qcow2"]
    kept = [disk for disk in disks if not migration.copies(disk.target, by_default=disk.copied_by_default)]
    below = {path for disk in kept for path in disk.backing}
    return {path for path in below if not all(_is_of_several_hosts(host, path) for host in hosts)}


def _read_heads(guests: Iterable[Guest], migration: Migration, *hosts: Host) -> list[str]:
    """Return the image paths, on either host, of the disks that are copied and of those in a format with a header.

    Where both hosts have the path on a network's file system, they see the same image, and need not be asked.
    """
    disks = []
    for disk in (disk for guest in guests for disk in guest.disks):
        copied = migration.copies(disk.target, by_default=disk.copied_by_default)
        own = disk.format == "qcow2" and not (
            disk.path and all(_is_of_several_hosts(host, disk.path) for host in hosts)
        )
        if copied or own:
            disks.append(disk)
    found: set[str] = {disk.path for disk in disks if disk.path}
    for host in hosts:
        with contextlib.suppress(Unreadable):
            found |= {path for disk in disks if disk.pool is not None and (path := host.fact(Pools).path(disk))}
    return sorted(found)
