"""A complete check: collect, judge, and make the report."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from preflight.answers import SavedHost, Taken
from preflight.capacity.path import capacity
from preflight.capacity.path import facts as limited_by
from preflight.collect.endpoints import End, Opened, own_transport
from preflight.collect.pair import Collected, collect
from preflight.collect.session import NO_QUESTIONS, LiveVisit, SavedVisit
from preflight.collect.sources import FACTS, SUMMARY_FACTS, TIES, Sources, records_for
from preflight.connection import snapshot
from preflight.connection.files_read import files_of
from preflight.connection.libvirt import RECORDS, UNQUERIED
from preflight.connection.target import Target
from preflight.errors import UserError
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.guest.guests import Guests
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.libvirt.versions import Versions
from preflight.facts.memory.host import HostMemory
from preflight.facts.names.peer_name import PeerName
from preflight.facts.network.addresses import OwnAddresses
from preflight.facts.network.link_speed import LinkSpeed
from preflight.facts.ssh.session import Session
from preflight.facts.system.identity import HostIdentity
from preflight.facts.system.release import OpenSsh, OsRelease
from preflight.host import Guest, Host
from preflight.judge.evaluate import evaluate
from preflight.judge.guests import Pair, choose_guests
from preflight.judge.report import GuestVerdict, HostSummary, Report, Result, judge_each
from preflight.judge.ruleset import Rule, select
from preflight.judge.site import Ends, rules_of, waive
from preflight.request.check_request import Asked, Migration
from preflight.request.migration import Role
from preflight.shell_text import ShellText

T = TypeVar("T")

#: Facts that only `preflight capacity` needs, in addition to those of the limits.
_SIZING: Mapping[Role, frozenset[type[Fact]]] = {
    Role.SOURCE: frozenset((GuestMemory, LinkSpeed, OwnAddresses, PeerName)),
    Role.DESTINATION: frozenset((GuestMemory, Guests, HostMemory)),
}

#: The last second of the year 9999, since the epoch: dates have four digits for the year.
_LATEST = 253_402_300_799.0


class Checked(Struct, frozen=True):
    """A report and the values that it was made from."""

    report: Report
    #: The guests that were judged and that could be read.
    guests: tuple[Guest, ...]
    #: Why other guests that were asked about could not be read, or their list: one reason each.
    unread: tuple[str, ...]
    source: Host
    destination: Host
    #: Source and destination, each with its login while the login is open.
    visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]


def check(opened: Opened, rules: tuple[Rule, ...] | None = None, *, stay: bool = True) -> Checked:
    """Collect from both hosts and judge, by the selected rules unless others are given.

    Raises `UserError` for input that cannot be used.

    The logins stay open as long as `opened` is, so later steps need no further login. If there are none (`stay` is
    False), the logins are closed while the answers are judged.
    """
    asked, migration = opened.asked, opened.migration
    every = rules_of(asked.site) if rules is None else rules
    if rules is None:
        rules = select(every, select=asked.select, ignore=asked.ignore)
    sources, own = own_of(every if asked.whole else rules)
    needed = {role: _needed(role, rules, asked, migration, sources) for role in Role}

    def guests_of(source: Host) -> Iterable[Guest]:
        try:
            chosen = choose_guests(source, asked).guests
        except UserError:
            return ()  # reported below
        pair = Pair(source, source, migration, chosen)
        return (guest for name in chosen for guest in on_either_end(pair, name))

    visits = visit_both(opened, needed, sources, own)
    collected = collect(*visits, migration, guests_of, needed, sources, stay=stay)
    ends = [visit.end_libvirt if stay else visit.leave for visit in visits]
    ending = [threading.Thread(target=end, daemon=True) for end in ends]
    for thread in ending:
        thread.start()
    checked = _judge(collected, rules, opened, visits)
    for thread in ending:
        thread.join()
    return checked


def judge_again(checked: Checked, opened: Opened, rules: tuple[Rule, ...]) -> Checked:
    """Judge the same answers for another selection of guests, without asking the hosts; raises `UserError`."""
    return _judge(Collected(checked.source, checked.destination), rules, opened, checked.visits)


def judge_together(
    checked: Checked, opened: Opened, rules: tuple[Rule, ...], guests: Iterable[Guest]
) -> tuple[Result, ...]:
    """Apply rules about all guests together to the same answers, as if these were all of them."""
    pair = Pair(checked.source, checked.destination, opened.migration, {guest.name: guest for guest in guests})
    return waive(evaluate(rules, pair), opened.asked.site, _ends_of(opened), rules)[0]


def _ends_of(opened: Opened) -> Ends:
    return Ends(names_of(opened.source.target), names_of(opened.destination.target))


def own_of(rules: Iterable[Rule]) -> tuple[Sources, Mapping[str, ShellText]]:
    """Return the parts of all facts, also those that rules bring, and the questions that rules add."""
    sources = dict(FACTS)
    own: dict[str, ShellText] = {}
    for rule in rules:
        sources.update(rule.sources)
        own.update(rule.questions)
    return sources, own


def _needed(role: Role, rules: Iterable[Rule], asked: Asked, migration: Migration, sources: Sources) -> set[type[Fact]]:
    """Return the facts of one end that its role in this migration needs, and no others."""
    ways = [migration, migration.of_guests_off] if asked.as_they_are else [migration]
    judged = [rule for rule in rules if any(rule.body.skip is None or rule.body.skip(way) is None for way in ways)]
    needed = {*SUMMARY_FACTS, *TIES[role], *limited_by(role, migration, every=asked.sizing)}
    needed |= {kind for rule in judged for kind in rule.facts(role)}
    if asked.whole:
        return set(sources)
    return needed | _SIZING[role] if asked.sizing else needed


def _judge(
    collected: Collected,
    rules: tuple[Rule, ...],
    opened: Opened,
    visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit],
) -> Checked:
    """Make the report on hosts that have answered, without reading from them."""
    asked, migration = opened.asked, opened.migration
    source, destination = collected.source, collected.destination
    choice = choose_guests(source, asked)
    chosen = choice.guests
    if len(chosen) > 1 and (migration.method.dname is not None or migration.method.xml is not None):
        raise UserError("--dname and --xml apply to one guest: name it")
    found = evaluate(rules, Pair(source, destination, migration, chosen))
    results, waivers = waive(found, asked.site, _ends_of(opened), rules)
    verdicts = tuple(
        GuestVerdict(name, verdict)
        for name, verdict in judge_each(results, (name for name in chosen if name is not None))
    )
    limits = capacity(source, destination, migration, every=asked.sizing)
    narrowed = bool(asked.select or asked.ignore)
    leaves, moves_to = (
        summary_of(
            host, given if isinstance(visit, SavedVisit) else None, visit.saved(), saved=isinstance(visit, SavedVisit)
        )
        for host, visit, given in zip((source, destination), visits, (asked.source, asked.destination), strict=True)
    )
    applied = tuple(rule.text for rule in rules)
    report = Report(
        migration,
        leaves,
        moves_to,
        results,
        verdicts,
        limits,
        asked,
        narrowed,
        choice.skipped,
        applied,
        waivers=waivers,
    )
    guests = tuple(guest for guest in chosen.values() if isinstance(guest, Guest))
    unread = tuple(
        f"guest {name}: {why}" if name else str(why) for name, why in chosen.items() if isinstance(why, Unreadable)
    )
    return Checked(report, guests, unread, source, destination, visits)


def names_of(target: Target) -> tuple[str, ...]:
    """Return the names of a host by which a waiver may mean it."""
    return tuple(filter(None, (target.text, target.host)))


def on_either_end(pair: Pair, name: str | None) -> tuple[Guest, ...]:
    """Return the guest as it is, and as it will be if the request changes it."""
    method = pair.migration.method
    roles = (Role.SOURCE,) if method.xml is None and method.dname is None else tuple(Role)
    try:
        return tuple(pair.guest_of(role, name) for role in roles)
    except Unreadable:
        return ()  # the rules report it


def save_pair(path: Path, checked: Checked, made: Taken | None = None, *, overwrite: bool = True) -> None:
    """Write both hosts' answers to one file; raises `UserError` if it cannot be written.

    `made` says who asks the hosts now. Answers that come from snapshots keep who took those, if that is the same.
    """
    hosts = [visit.saved() for visit in checked.visits]
    if not any(isinstance(visit, LiveVisit) for visit in checked.visits):
        made = hosts[0].made if hosts[0].made == hosts[1].made else None
    snapshot.write(path, hosts, made, overwrite=overwrite)


def visit_both(
    opened: Opened,
    needed: Mapping[Role, Iterable[type[Fact]]] | None = None,
    sources: Sources = FACTS,
    own: Mapping[str, ShellText] = NO_QUESTIONS,
) -> tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]:
    """Return visits of source and destination that ask for the records of these facts."""
    source, destination = (
        _visit(end, role, records_for(needed[role], sources) if needed else set(), opened, own)
        for role, end in zip(Role, (opened.source, opened.destination), strict=True)
    )
    return source, destination


def _visit(
    end: End, role: Role, wanted: set[str], opened: Opened, own: Mapping[str, ShellText]
) -> LiveVisit | SavedVisit:
    migration = opened.migration
    managed_destination = role is Role.DESTINATION and not migration.peer_to_peer
    transport = migration.transport if managed_destination else own_transport(end.target)
    if end.saved is not None:
        return SavedVisit(end.saved, transport, {name: text for name, text in own.items() if name in wanted})
    assert end.channel is not None
    uri = opened.asked.destination_uri if managed_destination else None
    return LiveVisit(
        end.target, end.channel, wanted, transport, role=role, uri=uri, own=own, timeout=opened.asked.timeout
    )


def taken_of(host: Host) -> int | None:
    """Return the time at which the host was asked, in seconds since the epoch; a snapshot may state anything."""
    record = host.records.get("asked-at")
    try:
        taken = float(record.out) if record is not None else -1.0
    except ValueError:
        return None
    return int(taken) if 0 <= taken <= _LATEST else None


def summary_of(host: Host, given: str | SavedHost | None, answers: SavedHost, *, saved: bool) -> HostSummary:
    """Return a host as a report names it; `given` is the file, if the answers are from one."""

    def known(say: Callable[[Host], T]) -> T | None:
        try:
            return say(host)
        except Unreadable:
            return None

    login = host.records.get("login")
    return HostSummary(
        name=host.name,
        hostname=known(lambda host: host.fact(HostIdentity).hostname),
        release=known(lambda host: host.fact(OsRelease).label),
        libvirt=known(lambda host: str(host.fact(Versions).libvirt)),
        qemu=known(lambda host: str(host.fact(Versions).qemu)),
        openssh=known(lambda host: host.fact(OpenSsh).text.partition(",")[0]),
        no_login=host.absent.get("") if login is not None and login.code else None,
        no_libvirt=next((why for why in map(host.absent.get, RECORDS) if why and why.startswith(UNQUERIED)), None),
        saved=saved,
        file=given if isinstance(given, str) and given.isprintable() else None,
        taken=taken_of(host),
        made=answers.made,
        session=known(lambda host: host.fact(Session)),
        files=files_of(answers.answers),
    )
