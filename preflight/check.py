"""One check from end to end: collect, judge, and make the report. And what is collected alone, for later."""

import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from msgspec import Struct

from preflight import questions
from preflight.asking import Asked, End, Opened, own_transport
from preflight.capacity import capacity
from preflight.collect import FACTS, SUMMARY_FACTS, Collected, collect, make_host, paths_of, records_for
from preflight.connection import snapshot
from preflight.connection.opening import open_channel
from preflight.connection.snapshot import SavedHost
from preflight.connection.target import Kind, TargetError, parse_target
from preflight.evaluate import NoSuchGuest, Pair, choose_guests, evaluate
from preflight.facts.addresses import OwnAddresses
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.guest import Guests
from preflight.facts.guest_memory import GuestMemory
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.link_speed import LinkSpeed
from preflight.facts.listening import Listening
from preflight.facts.peer_name import PeerName
from preflight.facts.qemu_conf import QemuConf
from preflight.facts.record import Fact, Unreadable
from preflight.facts.release import OpenSsh, OsRelease
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.versions import Versions
from preflight.host import Guest, Host
from preflight.migration import Migration, Role
from preflight.report import GuestVerdict, HostSummary, Report, judge
from preflight.ruleset import Rule, load, select
from preflight.visit import LiveVisit, SavedVisit

#: What capacity is counted from, and what ties the two ends together, whatever rules are selected.
_ALWAYS: frozenset[type[Fact]] = frozenset(
    (
        *SUMMARY_FACTS,
        AnnouncedName,
        DaemonLimits,
        Guests,
        Listening,
        PeerName,
        QemuConf,
        SshdListener,
        SshdSettings,
        Storage,
    )
)


#: What durations are worked out from; asked for only where they are.
_DURATIONS: frozenset[type[Fact]] = frozenset((GuestMemory, LinkSpeed, OwnAddresses))


class Checked(Struct, frozen=True):
    """A report and what it was made of."""

    report: Report
    #: The guests that were judged and could be read.
    guests: tuple[Guest, ...]
    source: Host
    destination: Host
    #: Source and destination, logged in to as long as they were opened for.
    visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]


def check(opened: Opened, rules: tuple[Rule, ...] | None = None) -> Checked:
    """Collect from both hosts and judge, by the rules that were asked for unless others are given.

    Raises `UserError` for what cannot be used.

    The hosts stay logged in to as long as `opened` is, so what follows needs no further login.
    """
    asked, migration = opened.asked, opened.migration
    if rules is None:
        rules = select(load(asked.rules), select=asked.select, ignore=asked.ignore)
    always = _ALWAYS | (_DURATIONS if asked.durations else frozenset())
    wanted = records_for(always | {kind for rule in rules for role in Role for kind in rule.facts(role)})

    def guests_of(source: Host) -> Iterable[Guest]:
        try:
            chosen = choose_guests(source, asked.guests, migration, none=asked.no_guests)
        except NoSuchGuest:
            return ()  # said below
        return (guest for guest in chosen.values() if isinstance(guest, Guest))

    visits = (
        _visit(opened.source, Role.SOURCE, wanted, opened),
        _visit(opened.destination, Role.DESTINATION, wanted, opened),
    )
    collected = collect(*visits, migration, guests_of)
    ending = [threading.Thread(target=visit.end_libvirt, daemon=True) for visit in visits]
    for thread in ending:
        thread.start()
    try:
        return _judge(collected, rules, asked, migration, visits)
    finally:
        for thread in ending:
            thread.join()


def _judge(
    collected: Collected,
    rules: tuple[Rule, ...],
    asked: Asked,
    migration: Migration,
    visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit],
) -> Checked:
    """The report on hosts that have answered. Reads no host."""
    source, destination = collected.source, collected.destination
    chosen = choose_guests(source, asked.guests, migration, none=asked.no_guests)
    results = evaluate(rules, Pair(source, destination, migration, chosen))
    verdicts = tuple(
        GuestVerdict(name, judge(result for result in results if result.concerns(name)))
        for name in chosen
        if name is not None
    )
    limits = capacity(source, destination, migration)
    narrowed = bool(asked.select or asked.ignore)
    report = Report(migration, _summary(source), _summary(destination), results, verdicts, limits, narrowed)
    guests = tuple(guest for guest in chosen.values() if isinstance(guest, Guest))
    return Checked(report, guests, source, destination, visits)


def save_pair(path: Path, checked: Checked) -> None:
    """Keep both hosts' answers in one file; raises `UserError` when it cannot be written."""
    snapshot.write(path, [visit.saved() for visit in checked.visits])


def take_snapshot(text: str, path: Path, timeout: float) -> SavedHost:
    """Ask one host all that any rule may need, and write it to a file; raises `UserError`.

    A host that cannot be logged in to is saved as such: that is an answer too.
    """
    target = parse_target(text)
    if target.kind is Kind.SNAPSHOT:
        raise TargetError(f"{text}: is a snapshot already")
    channel = open_channel(target, questions.PRELUDE, timeout)
    try:
        visit = LiveVisit(target, channel, records_for(FACTS), own_transport(target), timeout=timeout)
        host = make_host(Role.SOURCE, visit.name, visit.first())
        visit.ask({"paths": questions.all_images(_all_paths(host))})
        visit.end_libvirt()
    finally:
        channel.close()
    snapshot.write(path, [visit.saved()])
    return visit.saved()


def _all_paths(host: Host) -> tuple[str, ...]:
    try:
        return tuple(sorted({path for guest in host.fact(Guests).all for path in paths_of(guest, host)}))
    except Unreadable:
        return ()


def _visit(end: End, role: Role, wanted: Collection[str], opened: Opened) -> LiveVisit | SavedVisit:
    migration = opened.migration
    managed_destination = role is Role.DESTINATION and not migration.peer_to_peer
    transport = migration.transport if managed_destination else own_transport(end.target)
    if end.saved is not None:
        return SavedVisit(end.saved, transport)
    assert end.channel is not None
    uri = opened.asked.destination_uri if managed_destination else None
    return LiveVisit(end.target, end.channel, wanted, transport, uri=uri, timeout=opened.asked.timeout)


def _summary(host: Host) -> HostSummary:
    def known(say: Callable[[Host], str]) -> str | None:
        try:
            return say(host)
        except Unreadable:
            return None

    return HostSummary(
        name=host.name,
        hostname=known(lambda host: host.fact(HostIdentity).hostname),
        release=known(lambda host: host.fact(OsRelease).label),
        libvirt=known(lambda host: str(host.fact(Versions).libvirt)),
        qemu=known(lambda host: str(host.fact(Versions).qemu)),
        openssh=known(lambda host: host.fact(OpenSsh).text.partition(",")[0]),
    )
