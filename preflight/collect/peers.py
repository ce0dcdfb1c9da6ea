"""Questions to one host about itself and about its peers: the hosts that its guests may go to or come from.

A check asks each host about the other. A snapshot of one host has the same answers if its peers' answers are known, or
a part of them if only their names are. However many peers there are, each host is asked once, about all of them.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from preflight.answers import Answers, Record, SavedHost
from preflight.collect import questions
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.collect.endpoints import own_transport
from preflight.collect.follow_up import About, Further, further_questions, paths_on
from preflight.collect.sources import make_host
from preflight.connection.files_read import digest_of
from preflight.connection.libvirt import BUILT
from preflight.connection.target import TargetError, parse_target
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls
from preflight.host import Guest, Host
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, Role, Transport
from preflight.shell_text import ShellText

#: The answer that `apart` divides into one record for each name.
_NAMES = "names"
#: Maximum number of names from a host's own /etc/hosts that it is asked to resolve.
_MOST_NAMES = 64
#: Names that no other host has.
_LOCAL = frozenset(("localhost", "localhost.localdomain", "localhost4", "localhost6"))


class Peers(Struct, frozen=True):
    """The peers of a host: those whose answers are known, and those of which only the name is."""

    known: tuple[SavedHost, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, each once."""
        return tuple(dict.fromkeys([*(peer.name for peer in self.known), *self.named]))


class Batch(Struct, frozen=True):
    """The questions of one batch to one host."""

    commands: dict[str, ShellText]
    #: Definitions of the peers' guests, by their digest, that the host's libvirt is asked to build.
    definitions: dict[str, str]
    #: Reasons why some records cannot be asked for.
    absent: dict[str, str]


#: No peer.
NONE = Peers()
#: Makes a host of its role, its name and its answers.
HostOf: TypeAlias = Callable[[Role, str, Answers], Host]


def batch(
    name: str, answers: Answers, peers: Peers = NONE, *, peer_to_peer: bool = False, host_of: HostOf = make_host
) -> Batch:
    """Return the questions to a host that has given these first answers, about itself and about its peers.

    `peer_to_peer` also has the host open the libvirt of each known peer, as its daemon would. `host_of` makes a host
    of its answers; whoever asks many hosts about each other keeps the hosts, whose facts are then parsed once.
    """
    ends = {role: host_of(role, name, answers) for role in Role}
    merged = Further()
    listed: dict[str, tuple[About, dict[Any, None]]] = {}
    for further in (_about_itself(ends), *_about_known(ends, peers.known, host_of, peer_to_peer=peer_to_peer)):
        merged.commands.update(
            {kept: text for kept, text in further.commands.items() if kept.partition(":")[0] not in further.about}
        )
        merged.definitions.update({digest_of(xml): xml for xml in further.definitions.values()})
        for record, about in further.about.items():
            listed.setdefault(record, (about, {}))[1].update(dict.fromkeys(about.items))
    for record, (about, items) in listed.items():
        merged.ask_about(record, about.what, sorted(items), about.command)
    _ask_for_names(merged, ends[Role.SOURCE], peers)
    return Batch(merged.commands, merged.definitions, merged.absent)


def _about_itself(ends: Mapping[Role, Host]) -> Further:
    """Return the questions whose answers every check of this host needs, whatever the other host is."""
    own = Further()
    host = ends[Role.SOURCE]
    guests = _guests(host)
    running = sorted({guest.name for guest in guests if guest.running})
    own.ask_about("paths", "paths", paths_on((host,), guests), questions.all_images)
    own.ask_about("started-with", "guests", running, questions.started_with)
    own.ask("usb-devices", questions.USB_DEVICES)
    with contextlib.suppress(Unreadable):  # reported by the rules that need it
        own.ask_for_certificates("tls.server", host.fact(NetworkListener).paths)
    with contextlib.suppress(Unreadable):
        tls = host.fact(MigrationTls)
        for end in ("client", "server"):
            own.ask_for_certificates("tls.data", *tls.paths(end))
    return own


def _about_known(
    ends: Mapping[Role, Host], peers: Iterable[SavedHost], host_of: HostOf, *, peer_to_peer: bool
) -> Iterator[Further]:
    """Yield what a check would ask the host because of each peer: in the one direction and in the other."""
    for peer in peers:
        others = {role: host_of(role, peer.name, peer.answers) for role in Role}
        for role in Role:
            pair = {**others, role: ends[role]}
            source, destination = pair[Role.SOURCE], pair[Role.DESTINATION]
            migration = _migration(destination, peer_to_peer=peer_to_peer)
            here, there = further_questions(source, destination, migration, list(_guests(source)))
            yield here if role is Role.SOURCE else there


def _migration(destination: Host, *, peer_to_peer: bool) -> Migration:
    """Return the migration about which more is asked than about any other that names no host or port of its own."""
    mode = Mode.PEER_TO_PEER if peer_to_peer else Mode.MANAGED
    target = parse_target(destination.name)
    transport = Transport(own_transport(target))
    return Migration(
        method=Method(copy_storage=CopyStorage.ALL, mode=mode),
        transport=transport,
        destination_uri=target.libvirt_uri(transport),
    )


def _guests(host: Host) -> tuple[Guest, ...]:
    try:
        return host.fact(Guests).all
    except Unreadable:
        return ()


def _ask_for_names(further: Further, host: Host, peers: Peers) -> None:
    """Have the host resolve the names of its own /etc/hosts, commented out or not, and those of its peers.

    A name that was commented out, or that is there and counts for nothing, is found or not by what else the host asks.
    """
    names = dict.fromkeys(filter(None, map(_host_of, peers.names)))
    with contextlib.suppress(Unreadable):
        file = host.fact(HostsFile)
        found = (name.value for entry in (*file.commented, *file.entries) for name in entry.names)
        own = [name for name in dict.fromkeys(found) if name.lower() not in _LOCAL]
        names.update(dict.fromkeys(own[:_MOST_NAMES]))
    further.ask_about(_NAMES, "names", list(names), questions.names_met)
    with contextlib.suppress(Unreadable):
        known = sorted({one.address for one in host.fact(OwnAddresses).addresses})
        for peer in filter(None, map(_host_of, peers.named)):
            further.ask(f"keys:{peer}", questions.keys_met(peer, known))


def _host_of(typed: str) -> str:
    """Return the name or address of a host as typed; empty for this machine, and for what is no host."""
    try:
        return parse_target(typed).host
    except TargetError:
        return ""


def apart(answers: Answers) -> Answers:
    """Return the answers as a snapshot keeps them: a record for each name, and guests by their definition."""
    records, absent = dict(answers.records), dict(answers.absent)
    told = records.pop(_NAMES, None)
    if told is not None:
        records |= {f"resolve:{name}": record for name, record in _resolved(told)}
    if BUILT in records:
        records[BUILT_BY_DIGEST] = records.pop(BUILT)
    return Answers(records, absent)


def _resolved(told: Record) -> Iterator[tuple[str, Record]]:
    """Yield each name with getent's answer, which is missing if the time ended."""
    for part in told.out.split("\x1f")[1:]:
        head, _, found = part.partition("\n")
        name, _, code = head.rpartition(" ")
        if code.isdecimal() and len(code) < 4 and name:
            yield name, Record(found.strip("\n") + "\n" if found.strip() else "", int(code))
