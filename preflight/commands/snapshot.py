"""`preflight snapshot`: ask one host for everything that any rule may need, and write its answers to a file."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from msgspec import Struct

from preflight.answers import SavedHost
from preflight.collect import peers as collecting
from preflight.collect import questions
from preflight.collect.built import BUILT_BY_DIGEST
from preflight.collect.endpoints import own_transport
from preflight.collect.peers import Peers
from preflight.collect.session import LiveVisit
from preflight.collect.sources import make_host, records_for
from preflight.collect.waiting import Waiting
from preflight.commands.made import taken_now
from preflight.commands.obfuscated import Mapped
from preflight.connection import snapshot
from preflight.connection.logins import open_channel
from preflight.connection.obfuscation import OBFUSCATED
from preflight.connection.target import Kind, TargetError, parse_target
from preflight.errors import UserError
from preflight.judge.check import own_of
from preflight.judge.site import rules_of
from preflight.request.check_request import Site
from preflight.threads import side_by_side


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked, and the file for the answers."""

    output: Path
    #: The name that the file gives the host; None for the name by which it is reached.
    name: str | None = None
    overwrite: bool = False
    peers: Peers = Peers()
    #: Whether the host opens the libvirt of each peer whose answers are known.
    peer_to_peer: bool = False
    #: The map with which names and addresses are replaced; None to keep them.
    obfuscate: Path | None = None
    #: Seconds for everything that is collected from the host.
    timeout: float = 60.0
    site: Site = Site()


def peers_of(given: Iterable[str]) -> Peers:
    """Return the peers that are named, or whose snapshots are; raises `UserError`.

    Each text is one name or file, or several separated by commas.
    """
    known: list[SavedHost] = []
    named: list[str] = []
    for text in (part for one in given for part in one.split(",")):
        target = parse_target(text.strip())
        if target.path is not None:
            hosts = snapshot.read(target.path)
            if any(host.made is not None and host.made.machine == OBFUSCATED for host in hosts):
                raise UserError(
                    f"{text}: is obfuscated: a host can only be asked about real names and addresses: take it"
                    " without --obfuscate"
                )
            known += hosts
        else:
            named.append(target.text)
    return Peers(tuple(known), tuple(named))


def take(text: str, wanted: Wanted) -> SavedHost:
    """Ask the host, write its answers to the file, and return them; raises `UserError`.

    If the login fails, the snapshot records the failure: that is an answer too.
    """
    target = parse_target(text)
    if target.kind is Kind.SNAPSHOT:
        raise TargetError(f"{text}: already a snapshot: name the host itself")
    name = target.text if wanted.name is None else _name_of(wanted.name)
    snapshot.refuse_to_overwrite(wanted.output, overwrite=wanted.overwrite)
    mapped = None if wanted.obfuscate is None else Mapped(wanted.obfuscate)
    sources, own = own_of(rules_of(wanted.site))
    # a snapshot of the host itself may be among those of a pair
    peers = Peers(tuple(peer for peer in wanted.peers.known if peer.name != name), wanted.peers.named)
    channel = open_channel(target, questions.PRELUDE, wanted.timeout)
    try:
        wanted_records = records_for(sources, sources)
        visit = LiveVisit(target, channel, wanted_records, own_transport(target), own=own, timeout=wanted.timeout)
        snapshot.load()
        with Waiting([visit], steps=2) as waiting:
            (first,) = side_by_side(waiting.step(visit.first), waiting=waiting)
            batch = collecting.batch(
                name, first, peers, peer_to_peer=wanted.peer_to_peer, host_of=partial(make_host, sources=sources)
            )
            side_by_side(waiting.step(partial(visit.ask, batch.commands, batch.definitions)), waiting=waiting)
        visit.end_libvirt()
    finally:
        channel.close()
    answers = collecting.apart(visit.saved().answers, batch.names)
    answers.absent.update(batch.absent)
    saved = SavedHost(name, answers, peers.names, taken_now(wanted.site))
    if mapped is not None:
        built = answers.records.get(BUILT_BY_DIGEST)
        (saved,) = mapped.hosts([saved])
        if built is not None:
            saved.answers.records[BUILT_BY_DIGEST] = mapped.obfuscation.by_digest(built, batch.definitions)
    snapshot.write(wanted.output, [saved], saved.made, overwrite=wanted.overwrite)
    return saved


def _name_of(text: str) -> str:
    """Return the name by which others reach a host; raises `TargetError`."""
    if parse_target(text).kind is not Kind.SSH:
        raise TargetError(
            f"--name: {text} is not the name by which other machines reach the host: give that, such as"
            " host1.example.com"
        )
    return text
