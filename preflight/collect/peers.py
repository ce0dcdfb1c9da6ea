"""Questions to one host about itself and about its peers: the hosts that its guests may go to or come from.

A check asks each host about the other. A snapshot of one host has the same answers if its peers' answers are known, or
a part of them if only their names are. However many peers there are, each host is asked once, about all of them.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from msgspec import Struct

from preflight.answers import Answers, Record, SavedHost
from preflight.collect import questions
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.collect.follow_up import Further, ask_about_connections, ask_about_the_ways, paths_on
from preflight.collect.pieces import Merged, Piece, Pieces, guests_of
from preflight.collect.sources import make_host
from preflight.connection.libvirt import BUILT
from preflight.connection.target import TargetError, parse_target
from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import HostsFile
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.tls.listener import NetworkListener
from preflight.facts.tls.migration_tls import MigrationTls
from preflight.host import Host
from preflight.request.migration import Role
from preflight.shell_text import NOTHING, ShellText

#: The answers that `apart` divides into one record for each name.
_NAMES, _KEYS = "names", "keys"
_RECORDS = {_NAMES: "resolve", _KEYS: "keys"}
NO_NAMES: Mapping[str, Collection[str]] = {}
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
    #: The names that some of the commands ask about together, by record; `apart` divides their answers.
    names: Mapping[str, Collection[str]]


#: No peer.
NONE = Peers()
#: Makes a host of its role, its name and its answers.
HostOf: TypeAlias = Callable[[Role, str, Answers], Host]


def batch(
    name: str,
    answers: Answers,
    peers: Peers = NONE,
    *,
    peer_to_peer: bool = False,
    host_of: HostOf = make_host,
    pieces: Pieces | None = None,
    tried: Collection[str] | None = None,
) -> Batch:
    """Return the questions to a host that has given these first answers, about itself and about its peers.

    `peer_to_peer` also has the host open the libvirt of each known peer, as its daemon would. `host_of` makes a host
    of its answers. Whoever asks many hosts about each other passes `pieces` instead, which keep what several batches
    have in common. `tried` are the names of the peers to which the host tries to connect; None for all of them.
    """
    pieces = pieces or Pieces(host_of, peer_to_peer=peer_to_peer)
    ends = {role: pieces.host(role, name, answers) for role in Role}
    source, destination = ends[Role.SOURCE], ends[Role.DESTINATION]
    merged = Merged()
    merged.add(Piece.of(_about_itself(source)))
    own = Further()
    met: dict[str, ShellText] = {}
    for peer in peers.known:
        others = {role: pieces.host(role, peer.name, peer.answers) for role in Role}
        there = pieces.entry(others[Role.DESTINATION])
        merged.add(pieces.about_guests(source, others[Role.DESTINATION], there)[0])
        merged.add(pieces.about_guests(others[Role.SOURCE], destination, pieces.entry(destination))[1])
        if tried is None or peer.name in tried:
            ask_about_the_ways(own, source, others[Role.DESTINATION], there.migration, there.entrance)
        ask_about_connections(own, Further(), source, others[Role.DESTINATION], there.migration)
        met[there.entrance.name or _host_of(peer.name)] = pieces.addresses(others[Role.DESTINATION])
    merged.add(Piece.of(own))
    further = merged.further()
    met |= {host: met.get(host, NOTHING) for host in map(_host_of, peers.named)}
    met.pop("", None)
    names = list({**met, **dict.fromkeys(_names_of(source))})
    further.ask_about(_NAMES, "names", names, questions.names_met)
    with contextlib.suppress(Unreadable):
        source.fact(OwnAddresses)
        further.ask_about(_KEYS, "names", list(met.items()), partial(questions.keys_of, pieces.addresses(source)))
    return Batch(further.commands, further.definitions, further.absent, {_NAMES: names, _KEYS: met})


def _about_itself(host: Host) -> Further:
    """Return the questions whose answers every check of this host needs, whatever the other host is."""
    own = Further()
    guests = guests_of(host)
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


def _names_of(host: Host) -> list[str]:
    """Return names of the host's own /etc/hosts, commented out or not.

    A name that was commented out, or that is there and counts for nothing, is found or not by what else the host asks.
    """
    with contextlib.suppress(Unreadable):
        file = host.fact(HostsFile)
        found = (name.value for entry in (*file.commented, *file.entries) for name in entry.names)
        return [name for name in dict.fromkeys(found) if name.lower() not in _LOCAL][:_MOST_NAMES]
    return []


def _host_of(typed: str) -> str:
    """Return the name or address of a host as typed; empty for this machine, and for what is no host."""
    try:
        return parse_target(typed).host
    except TargetError:
        return ""


def apart(answers: Answers, names: Mapping[str, Collection[str]] = NO_NAMES) -> Answers:
    """Return the answers as a snapshot keeps them: a record for each name, and guests by their definition.

    `names` are those of the batch, so that a name without an answer has the reason.
    """
    records, absent = dict(answers.records), dict(answers.absent)
    for kept, record in _RECORDS.items():
        told = records.pop(kept, None)
        found = {} if told is None else dict(_apart(told))
        records |= {f"{record}:{name}": answer for name, answer in found.items()}
        reason = absent.pop(kept, "the host's answer does not have the name")
        absent |= {f"{record}:{name}": reason for name in names.get(kept, ()) if name not in found}
    if BUILT in records:
        records[BUILT_BY_DIGEST] = records.pop(BUILT)
    return Answers(records, absent)


def _apart(told: Record) -> Iterator[tuple[str, Record]]:
    """Yield each name with the answer about it and its exit code; of getent, 124 if the time ended."""
    for part in told.out.split("\x1f")[1:]:
        head, _, found = part.partition("\n")
        name, _, code = head.rpartition(" ")
        if code.isdecimal() and len(code) < 4 and name:
            yield name, Record(found.strip("\n") + "\n" if found.strip() else "", int(code))
