"""Collection from many hosts: each is logged in to once, asked about itself, and then about all others at once."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from msgspec import Struct

from preflight.answers import Answers, SavedHost, Taken
from preflight.collect import peers as collecting
from preflight.collect import questions
from preflight.collect.endpoints import own_transport
from preflight.collect.pair import Waiting
from preflight.collect.peers import Peers
from preflight.collect.session import LiveVisit
from preflight.collect.sources import Sources, records_for
from preflight.connection.logins import close_all, open_channel
from preflight.connection.target import parse_target
from preflight.fleet.content import Library
from preflight.fleet.shared_pieces import SharedPieces
from preflight.shell_text import ShellText
from preflight.threads import side_by_side


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


class _Host:
    """A host that is logged in to, and its first answers."""

    def __init__(self, text: str, manner: Manner) -> None:
        target = parse_target(text)
        self.channel = open_channel(target, questions.PRELUDE, manner.timeout)
        wanted = records_for(manner.sources, manner.sources)
        self.visit = LiveVisit(
            target, self.channel, wanted, own_transport(target), own=manner.own, timeout=manner.timeout
        )
        self.first = Answers()


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
    room = threading.BoundedSemaphore(manner.width)
    counting = threading.Lock()
    done = 0
    hosts: dict[str, _Host] = {}

    def step(call: Callable[[], None]) -> None:
        nonlocal done
        with room:
            call()
        with counting:
            done += 1
            progress(done, 2 * len(names))

    def first(name: str) -> None:
        host = _Host(name, manner)
        with counting:
            hosts[name] = host
        host.first = host.visit.first()

    pieces = SharedPieces(Library(manner.sources), peer_to_peer=manner.peer_to_peer)
    asked: dict[str, Mapping[str, Collection[str]]] = {}

    def further(name: str, peers: Peers) -> None:
        host = hosts[name]
        if "" not in host.first.absent:
            batch = collecting.batch(name, host.first, peers, pieces=pieces)
            asked[name] = batch.names
            host.visit.ask(batch.commands, batch.definitions)
            host.visit.add(Answers({}, batch.absent))
        host.visit.end_libvirt()

    try:
        side_by_side(*(partial(step, partial(first, name)) for name in names))
        answered = [SavedHost(name, hosts[name].first) for name in names]
        others = {
            one.name: Peers(tuple(peer for peer in (*answered, *known) if peer.name != one.name)) for one in answered
        }
        waiting = Waiting([hosts[name].visit for name in names])
        side_by_side(*(partial(step, partial(further, name, others[name])) for name in names), waiting=waiting)
    finally:
        close_all([host.channel for host in hosts.values()])
    return [
        SavedHost(
            name,
            collecting.apart(hosts[name].visit.saved().answers, asked.get(name, collecting.NO_NAMES)),
            others[name].names,
            manner.taken,
        )
        for name in names
    ]
