"""Hosts that are asked about each other are asked what each of them would be asked alone."""

from collections.abc import Sequence

import pytest

from preflight.answers import Answers, SavedHost
from preflight.collect.peers import Peers, batch
from preflight.collect.pieces import Pieces
from preflight.collect.sources import FACTS, make_host
from preflight.fleet.content import Library
from preflight.fleet.shared_pieces import SharedPieces
from tests.fleet import fleet


@pytest.fixture(scope="module")
def hosts() -> Sequence[SavedHost]:
    """Hosts that have answered about themselves alone, of several configurations."""
    about_others = ("resolve:", "keys:", "way.")
    return [
        SavedHost(
            host.name,
            Answers(
                {name: one for name, one in host.answers.records.items() if not name.startswith(about_others)},
                host.answers.absent,
            ),
        )
        for host in fleet(12, seed=2)
    ]


@pytest.mark.parametrize("peer_to_peer", [False, True])
def test_pieces_of_many_batches_make_the_same_batches(hosts: Sequence[SavedHost], peer_to_peer: bool) -> None:
    led = {hosts[3].name: "10.99.0.4"}
    shared = SharedPieces(Library(FACTS), peer_to_peer=peer_to_peer, led=led)
    for host in hosts:
        peers = Peers(tuple(one for one in hosts if one is not host))
        alone = batch(host.name, host.answers, peers, pieces=Pieces(make_host, peer_to_peer=peer_to_peer, led=led))
        assert batch(host.name, host.answers, peers, pieces=shared) == alone
        assert "10.99.0.4" in alone.commands["names"] or host.name in led


def test_only_peers_that_are_named_are_tried(hosts: Sequence[SavedHost]) -> None:
    host, *others = hosts
    peers = Peers(tuple(others))
    every = {kept for kept in batch(host.name, host.answers, peers).commands if kept.startswith("way.")}
    some = {kept for kept in batch(host.name, host.answers, peers, tried={others[1].name}).commands if "way." in kept}
    assert len(every) > 5
    assert len(some) == 1
    assert some < every
    assert others[1].name in some.pop()
