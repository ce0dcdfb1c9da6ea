"""Parts of the questions to a host about its peers, of which each is made apart, so that it may serve many batches.

A fleet of n hosts has n² ways. What the questions about a way have from one of its ends alone, or from facts that many
hosts have alike, need not be made for each of them: see `preflight.fleet.shared_pieces`.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Self

from msgspec import Struct

from preflight.answers import Answers
from preflight.collect import questions
from preflight.collect.endpoints import own_transport
from preflight.collect.entrance import Entrance
from preflight.collect.follow_up import About, Further, questions_about_guests
from preflight.connection.files_read import digest_of
from preflight.connection.target import parse_target
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.facts.network.addresses import OwnAddresses
from preflight.host import Guest, Host
from preflight.request.check_request import Migration
from preflight.request.data_uri import data_uri
from preflight.request.method import Method, led_to
from preflight.request.migration import CopyStorage, Mode, Role, Transport
from preflight.shell_text import NOTHING, ShellText

NOT_LED: Mapping[str, str] = {}


class Piece(Struct, frozen=True):
    """Questions to one host, as a batch takes them in."""

    #: Commands by the name of their answer, of questions that are not about items.
    commands: Mapping[str, ShellText]
    #: The items of each record that is asked about items.
    about: Mapping[str, About]
    #: Definitions of guests, by their digest.
    definitions: Mapping[str, str]

    @classmethod
    def of(cls, further: Further) -> Self:
        """Return the questions of a pair of hosts as a piece of a batch."""
        commands = {
            kept: text for kept, text in further.commands.items() if kept.partition(":")[0] not in further.about
        }
        return cls(commands, further.about, {digest_of(xml): xml for xml in further.definitions.values()})


class Entry(Struct, frozen=True):
    """The migration to a destination, and where its data enters there."""

    migration: Migration
    entrance: Entrance


class Pieces:
    """Makes the pieces of one batch, each anew."""

    def __init__(
        self,
        host_of: Callable[[Role, str, Answers], Host],
        *,
        peer_to_peer: bool = False,
        led: Mapping[str, str] = NOT_LED,
    ) -> None:
        """Take what makes a host of its answers; `peer_to_peer` has each host open the libvirt of its peers.

        `led` has the addresses that guests' memory is sent to, by the names of hosts with one of their own.
        """
        self.host, self._peer_to_peer, self._led = host_of, peer_to_peer, led

    def entry(self, destination: Host) -> Entry:
        """Return the migration about which more is asked than about any other, but for those that name ports."""
        mode = Mode.PEER_TO_PEER if self._peer_to_peer else Mode.MANAGED
        target = parse_target(destination.name)
        transport = Transport(own_transport(target))
        method = led_to(Method(copy_storage=CopyStorage.ALL, mode=mode), self._led.get(destination.name))
        migration = Migration(
            method=method,
            transport=transport,
            memory_to=data_uri("--migrateuri", method.migrateuri),
            destination_uri=target.libvirt_uri(transport),
        )
        return Entry(migration, Entrance.of(destination, migration))

    def about_guests(self, source: Host, destination: Host, entry: Entry) -> tuple[Piece, Piece]:
        """Return what both hosts are asked about the guests of the source.

        The images of the destination's own guests, which a copy might overwrite, it is asked about anyway.
        """
        here, there = questions_about_guests(source, destination, entry.migration, list(guests_of(source)))
        return Piece.of(here), Piece.of(there)

    def addresses(self, host: Host) -> ShellText:
        """Return the addresses of a host, as words of a command; none if they are unknown."""
        with contextlib.suppress(Unreadable):
            return questions.words(sorted({one.address for one in host.fact(OwnAddresses).addresses}))
        return NOTHING


class Merged:
    """Pieces put together: each item once, and each piece that several pairs have in common once."""

    def __init__(self) -> None:
        self._further = Further()
        self._listed: dict[str, tuple[About, dict[Any, None]]] = {}
        self._seen: dict[int, Piece] = {}

    def add(self, piece: Piece) -> None:
        """Take in a piece, unless it is there."""
        if id(piece) in self._seen:
            return
        self._seen[id(piece)] = piece
        self._further.commands.update(piece.commands)
        self._further.definitions.update(piece.definitions)
        for record, about in piece.about.items():
            self._listed.setdefault(record, (about, {}))[1].update(dict.fromkeys(about.items))

    def further(self) -> Further:
        """Return all of them as questions."""
        for record, (about, items) in self._listed.items():
            self._further.ask_about(record, about.what, sorted(items), about.command)
        return self._further


def guests_of(host: Host) -> tuple[Guest, ...]:
    """Return the guests of a host; none if they are unknown."""
    try:
        return host.fact(Guests).all
    except Unreadable:
        return ()
