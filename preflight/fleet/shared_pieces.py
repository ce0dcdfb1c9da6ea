"""Pieces of the questions to many hosts about each other, each made once for all that have it in common."""

from collections.abc import Mapping
from typing import cast

from preflight.answers import Answers
from preflight.collect.pieces import NOT_LED, Entry, Piece, Pieces
from preflight.fleet.content import Library, Member
from preflight.fleet.kept import Asking, Kept
from preflight.host import Host
from preflight.request.migration import Role
from preflight.shell_text import ShellText


class SharedPieces(Pieces):
    """Makes the pieces of the batches of many hosts, by content.

    The questions about the guests of one host are the same for all destinations that agree in the facts which these
    questions depend on.
    """

    def __init__(self, library: Library, *, peer_to_peer: bool = False, led: Mapping[str, str] = NOT_LED) -> None:
        """Take the facts of the hosts; see `Pieces`."""
        super().__init__(self._member, peer_to_peer=peer_to_peer, led=led)
        self._library = library
        self._members: dict[tuple[Role, str], Member] = {}
        self._entries: dict[str, Entry] = {}
        self._addresses: dict[str, ShellText] = {}
        self._about_guests: dict[str, Kept[type, tuple[Piece, Piece]]] = {}

    def _member(self, role: Role, name: str, answers: Answers) -> Host:
        key = (role, name)
        if key not in self._members:
            self._members[key] = self._library.member(role, name, answers)
        return self._members[key]

    def entry(self, destination: Host) -> Entry:
        """Return the migration to a destination, which is the same from every source."""
        if destination.name not in self._entries:
            self._entries[destination.name] = super().entry(destination)
        return self._entries[destination.name]

    def about_guests(self, source: Host, destination: Host, entry: Entry) -> tuple[Piece, Piece]:
        """Return what both hosts are asked about the guests of the source."""
        kept = self._about_guests.setdefault(source.name, Kept())
        content_of = cast("Member", destination).content
        found = kept.find(content_of)
        if found is None:
            watching = Asking(destination)
            found = super().about_guests(source, cast("Host", watching), entry)
            kept.add(tuple(watching.asked), content_of, found)
        return found

    def addresses(self, host: Host) -> ShellText:
        """Return the addresses of a host, as words of a command."""
        if host.name not in self._addresses:
            self._addresses[host.name] = super().addresses(host)
        return self._addresses[host.name]
