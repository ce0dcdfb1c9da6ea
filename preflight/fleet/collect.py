"""Collection from many hosts: each is logged in to once, asked about itself, and then about all others at once.

At most `LOGINS` hosts are at their login at a time, since all of them may be reached through one sshd. A login that
sshd turns away nevertheless is tried once more when all others are through, one after another.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from preflight.answers import Answers, SavedHost, Taken
from preflight.collect import peers as collecting
from preflight.collect import questions
from preflight.collect.endpoints import own_transport
from preflight.collect.peers import Peers
from preflight.collect.session import LiveVisit
from preflight.collect.sources import Sources, records_for
from preflight.collect.waiting import WaitingLines
from preflight.connection.logins import close_all, open_channel
from preflight.connection.target import parse_target
from preflight.facts.ssh.login import Login, LoginOutcome
from preflight.fleet.content import Library
from preflight.fleet.probes import tried
from preflight.fleet.shared_pieces import SharedPieces
from preflight.request.migration import Role
from preflight.request.settings import PROBED_WAYS
from preflight.shell_text import ShellText
from preflight.threads import side_by_side

#: Hosts that are at their login at the same time: sshd may turn the eleventh away (MaxStartups 10:30:100, the default
#: of sshd_config(5) since OpenSSH 6.2).
LOGINS = 10

#: Logins in a row that were turned away twice, after which the others that were are not tried again.
_GIVEN_UP = 3


class Manner(Struct, frozen=True, kw_only=True):
    """The way in which hosts are asked."""

    #: Hosts that are asked at the same time.
    width: int = 16
    #: Seconds for everything that is collected from one host.
    timeout: float = 60.0
    #: True if each host opens the libvirt of every other one, as for a peer-to-peer migration.
    peer_to_peer: bool = False
    sources: Sources
    #: Questions of the site's own, by record.
    own: Mapping[str, ShellText]
    #: Who collects.
    taken: Taken | None = None
    #: Ways that are tried from each host, and to each.
    ways: int = PROBED_WAYS
    #: The address that guests' memory is sent to, by the names of hosts that have one of their own.
    led: Mapping[str, str] = {}
    #: The names of the hosts between which ways are judged; None for all of them.
    leaving: Collection[str] | None = None
    arriving: Collection[str] | None = None

    def leaves(self, name: str) -> bool:
        """Report whether ways from a host are judged."""
        return self.leaving is None or name in self.leaving

    def arrives(self, name: str) -> bool:
        """Report whether ways to a host are judged."""
        return self.arriving is None or name in self.arriving

    def peers(self, name: str, hosts: Iterable[SavedHost]) -> tuple[SavedHost, ...]:
        """Return the hosts between which and this one a way is judged, in either direction."""
        leaves, arrives = self.leaves(name), self.arrives(name)
        others = (one for one in hosts if one.name != name)
        if leaves and arrives and (self.leaving is None or self.arriving is None):
            return tuple(others)
        return tuple(
            one for one in others if (leaves and self.arrives(one.name)) or (arrives and self.leaves(one.name))
        )


class _Host:
    """A host that is logged in to, and its first answers."""

    def __init__(self, text: str, manner: Manner, admitted: Callable[[], None]) -> None:
        target = parse_target(text)
        self.channel = open_channel(target, questions.PRELUDE, manner.timeout)
        wanted = records_for(manner.sources, manner.sources)
        self.visit = LiveVisit(
            target,
            self.channel,
            wanted,
            own_transport(target),
            own=manner.own,
            timeout=manner.timeout,
            admitted=admitted,
        )
        self.first = Answers()
        #: The names that the last batch asked about together.
        self.names: Mapping[str, Collection[str]] = collecting.NO_NAMES

    @property
    def turned_away(self) -> bool:
        """True if sshd closed the connection before a login could be tried."""
        login = self.first.records.get("login")
        return login is not None and Login.parse(login).kind is LoginOutcome.LIMITS

    def saved(self, peers: Peers, taken: Taken | None) -> SavedHost:
        """Return all answers."""
        answers = collecting.apart(self.visit.saved().answers, self.names)
        return SavedHost(self.visit.name, answers, peers.names, taken)


class _Turn:
    """A place among the hosts that are at their login, which ends once."""

    def __init__(self, room: threading.Semaphore) -> None:
        self._room, self._ended = room, threading.Lock()
        self._room.acquire()

    def end(self) -> None:
        """Let the next one log in; without effect after the first time."""
        if self._ended.acquire(blocking=False):
            self._room.release()


class _Collection:
    """The hosts while they are asked."""

    def __init__(
        self, names: Sequence[str], known: Sequence[SavedHost], manner: Manner, progress: Callable[[int, int], None]
    ) -> None:
        self._names, self._known, self._manner, self._progress = names, known, manner, progress
        self._logins = threading.BoundedSemaphore(min(LOGINS, manner.width))
        self._counting = threading.Lock()
        self._done = 0
        self.hosts: dict[str, _Host] = {}

    def all(self) -> list[SavedHost]:
        """Ask all of them, and return their answers."""
        self._each(self._first)
        self._log_in_again()
        answered = [SavedHost(name, self.hosts[name].first) for name in self._names]
        manner, every = self._manner, [*answered, *self._known]
        peers = {name: Peers(manner.peers(name, every)) for name in self._names}
        pieces = SharedPieces(Library(manner.sources), peer_to_peer=manner.peer_to_peer, led=manner.led)
        there = [one for one in every if "" not in one.answers.absent]
        ways = tried(
            [pieces.host(Role.SOURCE, one.name, one.answers) for one in there if self._is_asked(one.name)],
            [pieces.host(Role.DESTINATION, one.name, one.answers) for one in there if manner.arrives(one.name)],
            manner.ways,
            pieces,
        )
        self._each(
            lambda name: self._further(name, peers[name], pieces, ways.get(name, ())),
            waiting=WaitingLines([host.visit for host in self.hosts.values()]),
        )
        return [self.hosts[name].saved(peers[name], manner.taken) for name in self._names]

    def _log_in_again(self) -> None:
        """Try the logins once more that sshd turned away, one after another, while that helps some."""
        failed = 0
        for name in self._names:
            if self.hosts[name].turned_away and failed < _GIVEN_UP:
                self.hosts[name].channel.close()
                self._first(name)
                failed = failed + 1 if self.hosts[name].turned_away else 0

    def _is_asked(self, name: str) -> bool:
        """Report whether a host can try ways, and whether any from it is judged."""
        return name in self.hosts and self._manner.leaves(name)

    def _each(self, call: Callable[[str], None], waiting: Callable[[], None] = lambda: None) -> None:
        """Ask all hosts, `width` at a time, with so many threads: libvirt forks this process for each of the hosts."""
        left = deque(self._names)

        def work() -> None:
            while True:
                try:
                    name = left.popleft()
                except IndexError:
                    return
                self._step(call, name)

        side_by_side(*[work] * min(self._manner.width, len(left)), waiting=waiting)

    def _step(self, call: Callable[[str], None], name: str) -> None:
        call(name)
        with self._counting:
            self._done += 1
            self._progress(self._done, 2 * len(self._names))

    def _first(self, name: str) -> None:
        turn = _Turn(self._logins)
        try:
            host = self.hosts[name] = _Host(name, self._manner, turn.end)
            host.first = host.visit.first()
        finally:
            turn.end()

    def _further(self, name: str, peers: Peers, pieces: SharedPieces, ways: Collection[str]) -> None:
        host = self.hosts[name]
        if "" not in host.first.absent:
            batch = collecting.batch(name, host.first, peers, pieces=pieces, tried=ways)
            host.names = batch.names
            host.visit.resume()
            host.visit.ask(batch.commands, batch.definitions)
            host.visit.add(Answers({}, batch.absent))
        host.visit.end_libvirt()


def collect(
    names: Sequence[str],
    known: Sequence[SavedHost],
    manner: Manner,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[SavedHost]:
    """Ask all these hosts, about each other and about the `known` ones too, and return their answers in this order.

    A host that cannot be logged in to costs its timeout once; its answers contain the reason. `progress` is called with
    the steps that are done, of two for each host. Raises `UserError` for a name that is no host.
    """
    for name in names:
        parse_target(name)
    collection = _Collection(names, known, manner, progress)
    try:
        return collection.all()
    finally:
        close_all([host.channel for host in collection.hosts.values()])
