"""Single hosts, and configuration files that are no host yet, judged by the rules that need no other host."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import FILES, SavedHost
from preflight.capacity.limit import Capacity
from preflight.collect import questions
from preflight.collect.directory import ONLY_HERE, Directory
from preflight.collect.endpoints import own_transport
from preflight.collect.session import SavedVisit
from preflight.collect.sources import FACTS, SUMMARY_FACTS, TIES, Sources, make_host, records_for
from preflight.connection.libvirt import RECORDS
from preflight.connection.target import parse_target
from preflight.facts.fact import Fact
from preflight.host import Guest, Host, Judged
from preflight.judge.check import names_of, own_of, summary_of
from preflight.judge.evaluate import evaluate
from preflight.judge.guests import Pair, choose_guests
from preflight.judge.report import (
    GuestVerdict,
    HostSummary,
    Made,
    Report,
    Result,
    RuleText,
    Verdict,
    judge_each,
    worst,
)
from preflight.judge.ruleset import Parameter, Rule, select
from preflight.judge.site import Ends, rules_of, waive
from preflight.request.check_request import Asked, Gate, Migration, Selection, Site
from preflight.request.migration import Role
from preflight.shell_text import ShellText

#: The records that a host can be asked for without another one.
ASKED_ALONE = frozenset(("login", "generation", "own.clients", "paths", "usb-devices", "started-with")).union(
    questions.STANDING,
    questions.AFTER_LIBVIRT,
    questions.WHEN_CLOSED,
    questions.CLIENTS,
    questions.LAST,
    RECORDS,
)


#: The records that are made of files alone.
RECORDS_OF_FILES = frozenset((*FILES, *ONLY_HERE, "libvirt-files", "sshd_config", "files"))


class Unjudged(Struct, frozen=True):
    """Rules that were not applied to a host, and why."""

    why: str
    rules: tuple[RuleText, ...]


class HostReport(Report, frozen=True, kw_only=True):
    """The report on one host, which is both ends of it: its results are about the source, and about its guests."""

    #: The path of each of its files as a reader finds it, by its path on the host.
    files: Mapping[str, str] = {}
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def command(self) -> str:
        """Return the command of preflight that made the report."""
        return "lint"

    @property
    def is_pair(self) -> bool:
        """Report whether there are two hosts."""
        return False

    @property
    def of_files(self) -> bool:
        """Report whether the host is a directory of its files."""
        return bool(self.files)

    def file(self, path: str) -> str | None:
        """Return the path under which a reader finds a file of the host; None if it is on the host itself."""
        return self.files.get(path)


class Linted(Struct, frozen=True):
    """The reports on all hosts of one command."""

    hosts: tuple[HostReport, ...]

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict."""
        return worst(host.verdict for host in self.hosts)

    @property
    def exit_code(self) -> int:
        """Return the exit code: 1 if any host has it, else 3 if any has it, else 0."""
        codes = {host.exit_code for host in self.hosts}
        return next(code for code in (1, 3, 0) if code in codes)

    @property
    def first(self) -> HostReport:
        """Return the first report, for what is the same in all of them."""
        return self.hosts[0]


class Request(Struct, frozen=True, kw_only=True):
    """The request of a lint: the rules, and what changes the exit code."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    site: Site = Site()
    gate: Gate = Gate()
    made: Made | None = None


def of_one_host(rule: Rule, sources: Sources = FACTS) -> bool:
    """Report whether a rule judges one host that can be asked, without another one."""
    return _needs_one_host(rule) and all(required(one.kind, sources) <= ASKED_ALONE for one in _facts(rule))


def of_files(rule: Rule, given: frozenset[str], sources: Sources = FACTS) -> bool:
    """Report whether a rule judges files alone: all answers that its facts need are `given`, and no fact lacks all.

    A rule that is not declared to be about files takes nothing else: what is not given would be unknown.
    """
    facts = [one.kind for one in _facts(rule)]
    if not facts or _is_about_guests(rule) or not _needs_one_host(rule):
        return False
    return all(
        required(kind, sources) <= given
        and not given.isdisjoint(sources[kind].records)
        and (rule.of_files or RECORDS_OF_FILES.issuperset(sources[kind].records))
        for kind in facts
    )


def _needs_one_host(rule: Rule) -> bool:
    """Report whether a rule's parameters are about one host, and not only about the request.

    Guests are on the source, so that a rule about a guest and the destination needs two hosts.
    """
    roles = {one.role for one in _facts(rule) if one.role is not None}
    if _is_about_guests(rule):
        roles.add(Role.SOURCE)
    return len(roles) == 1 or rule.per_host or rule.of_files


def _facts(rule: Rule) -> list[Parameter]:
    return [one for one in rule.parameters if issubclass(one.kind, Fact)]


def _is_about_guests(rule: Rule) -> bool:
    return any(one.kind in (Guest, Judged) for one in rule.parameters)


def required(kind: type[Fact], sources: Sources = FACTS) -> set[str]:
    """Return the records without which a fact cannot be known."""
    found: set[str] = set()
    for part in sources[kind].parts:
        if not part.optional:
            found |= {part.of} if isinstance(part.of, str) else required(part.of, sources)
    return found


#: All guests of the host, each as it is.
_ALL = Selection(as_they_are=True)
_TWO_HOSTS = "compare two hosts, or need an answer about another one"
_RUNNING = "need answers that only a host gives"


def needed(site: Site) -> tuple[set[str], Mapping[str, ShellText]]:
    """Return the records that a host is asked for, and the commands of the site's own questions."""
    rules = tuple(filter(of_one_host, rules_of(site)))
    sources, own = own_of(rules)
    facts = {kind for rule in rules for role in Role for kind in rule.facts(role)}
    return records_for({*facts, *SUMMARY_FACTS, *TIES[Role.SOURCE]}, sources), own


def lint_host(saved: SavedHost, request: Request, *, is_saved: bool, file: str | None = None) -> HostReport:
    """Judge a host by its answers, which are from a snapshot, the `file`, or which it has just given."""
    every = rules_of(request.site)
    rules = select(every, select=request.select, ignore=request.ignore, applies=of_one_host)
    sources, own = own_of(rules)
    target = parse_target(saved.name)
    host = make_host(Role.SOURCE, saved.name, SavedVisit(saved, own_transport(target), own).first(), sources)
    others = tuple(rule.text for rule in every if not of_one_host(rule))
    report = _report(host, rules, request, names=names_of(target))
    return replace(
        report,
        source=(summary := summary_of(host, file, saved, saved=is_saved)),
        destination=summary,
        unjudged=(Unjudged(_TWO_HOSTS, others),),
    )


def lint_directory(directory: Directory, request: Request) -> HostReport:
    """Judge the files of a host that need not exist."""
    every = rules_of(request.site)
    rules = select(
        every, select=request.select, ignore=request.ignore, applies=lambda rule: of_files(rule, directory.given)
    )
    host = make_host(Role.SOURCE, directory.name, directory.answers, own_of(rules)[0])
    report = _report(host, rules, request, names=(directory.name,))
    summary = HostSummary(name=directory.name, saved=True, file=directory.path)
    reasons: dict[str, list[RuleText]] = {}
    for rule in every:
        if not of_files(rule, directory.given):
            reasons.setdefault(_why_not(rule), []).append(rule.text)
    return replace(
        report,
        source=summary,
        destination=summary,
        files=directory.files,
        unjudged=tuple(Unjudged(why, tuple(texts)) for why, texts in sorted(reasons.items())),
    )


def _why_not(rule: Rule) -> str:
    """Return why a rule cannot judge a directory of files."""
    return _RUNNING if of_one_host(rule) else _TWO_HOSTS


def _report(host: Host, rules: tuple[Rule, ...], request: Request, *, names: Iterable[str]) -> HostReport:
    """Apply the rules to one host and its guests."""
    migration = Migration(as_they_are=True)
    about_guests = any(rule.per_guest or rule.of_all_guests for rule in rules)
    guests = choose_guests(host, _ALL if about_guests else Selection(no_guests=True)).guests
    found = (_of_host(result) for result in evaluate(rules, Pair(host, host, migration, guests), alone=True))
    known = tuple(filter(None, names))
    results, waivers = waive(tuple(found), request.site, Ends(known, known), rules)
    summary = HostSummary(name=host.name)
    return HostReport(
        migration=migration,
        source=summary,
        destination=summary,
        results=results,
        guests=tuple(
            GuestVerdict(name, verdict)
            for name, verdict in judge_each(results, (name for name in guests if name is not None))
        ),
        capacity=Capacity(()),
        asked=Asked(host.name, select=request.select, ignore=request.ignore, site=request.site),
        narrowed=bool(request.select or request.ignore),
        rules=tuple(rule.text for rule in rules),
        waivers=waivers,
        gate=request.gate,
        made=request.made,
    )


def _of_host(result: Result) -> Result:
    """Return a result whose findings are about the one host, in whichever role its rule looked at it."""
    if all(finding.host is not Role.DESTINATION for finding in result.findings):
        return result
    return replace(
        result,
        findings=tuple(
            replace(finding, host=Role.SOURCE) if finding.host is Role.DESTINATION else finding
            for finding in result.findings
        ),
    )
