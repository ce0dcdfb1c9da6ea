"""One check from end to end: understand what was asked, collect, judge, and make the report."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from preflight import questions
from preflight.capacity import capacity
from preflight.collect import FACTS, SUMMARY_FACTS, Collected, collect, make_host, records_for
from preflight.connection import snapshot
from preflight.connection.snapshot import SavedHost
from preflight.connection.target import Kind, Target, TargetError, parse_target
from preflight.evaluate import NoSuchGuest, Pair, choose_guests, evaluate
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.guest import Guests
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.listening import Listening
from preflight.facts.peer_name import PeerName
from preflight.facts.qemu_conf import QemuConf
from preflight.facts.record import Fact, Unreadable
from preflight.facts.release import OpenSsh, OsRelease
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.versions import Versions
from preflight.host import Guest, Host
from preflight.migration import Migration, Mode, Role, Transport
from preflight.report import GuestVerdict, HostSummary, Report, judge
from preflight.ruleset import Rule, RuleError, load, select
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

#: What the user typed cannot be used; each is one line for them.
UserError = (TargetError, snapshot.SnapshotError, RuleError, NoSuchGuest)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked to have checked, hosts as typed or as saved. `timeout` is in seconds, a batch of answers."""

    source: str | SavedHost
    destination: str | SavedHost | None = None
    guests: tuple[str, ...] = ()
    no_guests: bool = False
    concurrency: int = 1
    mode: Mode = Mode.MANAGED
    transport: Transport | None = None
    destination_uri: str | None = None
    offline: bool = False
    copy_storage: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A report and what it was made of."""

    report: Report
    #: The guests that were judged and could be read.
    guests: tuple[Guest, ...]
    #: Source and destination, logged in to as long as `visiting` lasts.
    visits: tuple[LiveVisit | SavedVisit, LiveVisit | SavedVisit]


def check(asked: Asked) -> Checked:
    """Collect from both hosts and judge; raises one of `UserError` for what cannot be used."""
    with visiting(asked) as checked:
        return checked


@contextlib.contextmanager
def visiting(asked: Asked) -> Iterator[Checked]:
    """The same, with both logins kept open meanwhile, so that what follows needs no other."""
    rules = select(load(asked.rules), select=asked.select, ignore=asked.ignore)
    ends = _ends(asked)
    migration = _migration(asked, _target(ends[0]), _target(ends[1]))
    wanted = records_for(_ALWAYS | {kind for rule in rules for role in Role for kind in rule.facts(role)})

    def guests_of(source: Host) -> Iterable[Guest]:
        try:
            chosen = choose_guests(source, asked.guests, migration, none=asked.no_guests)
        except NoSuchGuest:
            return ()  # said below
        return (guest for guest in chosen.values() if isinstance(guest, Guest))

    visits: list[LiveVisit | SavedVisit] = []
    try:
        visits += (_visit(end, role, migration, wanted, asked) for role, end in zip(Role, ends, strict=True))
        collected = collect(visits[0], visits[1], migration, guests_of)
        yield _judge(collected, rules, asked, migration, (visits[0], visits[1]))
    finally:
        for visit in visits:
            visit.close()


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
        GuestVerdict(name, judge(result for result in results if result.guest in (None, name)))
        for name in chosen
        if name is not None
    )
    limits = capacity(source, destination, migration)
    report = Report(migration, _summary(source), _summary(destination), results, verdicts, limits)
    return Checked(report, tuple(guest for guest in chosen.values() if isinstance(guest, Guest)), visits)


def save_pair(path: Path, checked: Checked) -> None:
    """Keep both hosts' answers in one file; raises `SnapshotError` when it cannot be written."""
    snapshot.write(path, [visit.saved() for visit in checked.visits])


def take_snapshot(text: str, path: Path, timeout: float) -> SavedHost:
    """Ask one host all that any rule may need, and write it to a file; raises one of `UserError`.

    A host that cannot be logged in to is saved as such: that is an answer too.
    """
    target = parse_target(text)
    if target.kind is Kind.SNAPSHOT:
        raise TargetError(f"{text}: is a snapshot already")
    visit = LiveVisit(target, records_for(FACTS), _own_transport(target), timeout=timeout)
    try:
        host = make_host(Role.SOURCE, visit.name, visit.first())
        visit.ask({"paths": questions.all_images(_all_paths(host))})
    finally:
        visit.close()
    snapshot.write(path, [visit.saved()])
    return visit.saved()


def _all_paths(host: Host) -> tuple[str, ...]:
    try:
        return tuple(sorted({path for guest in host.fact(Guests).all for path in guest.paths}))
    except Unreadable:
        return ()


def _ends(asked: Asked) -> tuple[Target | SavedHost, Target | SavedHost]:
    if asked.destination is not None:
        return _one(asked.source), _one(asked.destination)
    first = parse_target(asked.source) if isinstance(asked.source, str) else None
    saved = snapshot.read(first.path) if first and first.path else []
    if len(saved) != 2:
        raise TargetError(f"{asked.source}: a DESTINATION is missing; only a file of `check --save` holds both hosts")
    return saved[0], saved[1]


def _one(end: str | SavedHost) -> Target | SavedHost:
    if isinstance(end, SavedHost):
        return end
    target = parse_target(end)
    if target.path is None:
        return target
    hosts = snapshot.read(target.path)
    if len(hosts) != 1:
        raise TargetError(f"{target.path}: holds {len(hosts)} hosts: give it alone, or two files of one host each")
    return hosts[0]


def _target(end: Target | SavedHost) -> Target:
    """The target that a saved host was once typed as."""
    return end if isinstance(end, Target) else parse_target(end.name)


def _own_transport(target: Target) -> str:
    if target.kind is Kind.LOCAL:
        return Transport.UNIX
    return target.transport or Transport.SSH


def _migration(asked: Asked, source: Target, destination: Target) -> Migration:
    if asked.destination_uri:
        uri = parse_target(asked.destination_uri)
        if uri.uri is None:
            raise TargetError(f"{asked.destination_uri}: not a libvirt URI, as in qemu+ssh://host/system")
        transport = Transport(_own_transport(uri))
        if asked.transport not in (None, transport):
            raise TargetError(f"{asked.destination_uri}: is not over {asked.transport}, which --transport asks for")
    else:
        transport = asked.transport or Transport(_own_transport(destination))
    return Migration(
        transport=transport,
        mode=asked.mode,
        concurrency=asked.concurrency,
        offline=asked.offline,
        copy_storage=asked.copy_storage,
        source_over_ssh=_own_transport(source) == Transport.SSH,
        destination_uri=asked.destination_uri or destination.libvirt_uri(transport),
    )


def _visit(
    end: Target | SavedHost, role: Role, migration: Migration, wanted: Collection[str], asked: Asked
) -> LiveVisit | SavedVisit:
    managed_destination = role is Role.DESTINATION and not migration.peer_to_peer
    transport = migration.transport if managed_destination else Transport(_own_transport(_target(end)))
    if isinstance(end, SavedHost):
        return SavedVisit(end, transport)
    uri = asked.destination_uri if managed_destination else None
    return LiveVisit(end, wanted, transport, uri=uri, timeout=asked.timeout)


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
        openssh=known(lambda host: host.fact(OpenSsh).text),
    )
