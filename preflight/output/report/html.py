"""The report as one HTML file: to be read before maintenance, by the reviewer of a change, and by whoever fixes it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from preflight.judge.report import Outcome, Report, RuleText, Verdict
from preflight.output.page.bars import bars
from preflight.output.page.template import fill
from preflight.output.report import next_step, provenance, waivers
from preflight.output.report.checked import LISTED, checked
from preflight.output.report.guest_groups import grouped
from preflight.output.report.items import Item, items_of
from preflight.output.report.problems import about, problems, unknowns
from preflight.output.report.text import NO_GUEST, WORDS
from preflight.request.migration import Role
from preflight.rule import Severity


def render(report: Report, _colour: bool) -> str:
    """Return the report as a page with a final newline."""
    return page(report, word=WORDS[report.verdict][0])


def page(
    report: Report,
    *,
    word: str,
    heads: Sequence[str] = (),
    rehearsed: Sequence[Sequence[str]] = (),
    said: Sequence[str] = (),
) -> str:
    """Return a page whose verdict is `word`; that of a rehearsal has a table of guests, and remarks on some."""
    numbers = {guest.name: str(number) for number, guest in enumerate(report.guests)}
    items = tuple(items_of(report, numbers))
    step = next_step.next_step(report)
    guests = grouped(report)
    return fill(
        "report.html",
        report=report,
        verdict=report.verdict.value,
        word=word,
        heads=heads,
        rehearsed=rehearsed,
        said=said,
        words={verdict.value: word for verdict, (word, _) in WORDS.items()},
        sentence=_sentence(report),
        step=step.text,
        command=_typed(step.command),
        origin=provenance.made(report),
        made=tuple(_made(report)),
        digests=tuple(provenance.digests(report)),
        hosts=tuple(_hosts(report)),
        guests=guests,
        no_guest=NO_GUEST,
        number_of=numbers,
        items=items,
        anchors=_anchors(items),
        rules=_documented(items),
        counts=tuple(_counts(report, items)),
        bars=bars(report.capacity, report.migration.concurrency),
        checks=tuple(checked(report, numbers)),
        remarks=tuple(waivers.remarks(report)),
        roles=tuple(Role),
    )


def _sentence(report: Report) -> str:
    """Return why the verdict is what it is, in one sentence."""
    found = problems(report.results)
    if report.verdict is Verdict.NOT_READY:
        errors = [problem for problem in found if problem.severity is Severity.ERROR]
        first = f"{errors[0].finding.message}{about(errors[0].guests)}"
        if len(errors) == 1:
            return f"1 error stops {_stopped(report)}: {first}."
        return f"{len(errors)} errors stop {_stopped(report)}; the first to fix: {first}."
    if report.verdict is Verdict.UNDETERMINED:
        decisive = [unknown for unknown in unknowns(report) if unknown.is_decisive]
        many = "1 unknown" if len(decisive) == 1 else f"{len(decisive)} unknowns"
        return f"No error was found, but {many} may hide one: {decisive[0].reason}."
    guests = f" and {_many(len(report.guests), 'guest')}" if report.guests else ""
    unclear = len(unknowns(report))
    behind = f", and {_many(unclear, 'unknown')} cannot hide one" if unclear else ""
    warnings = sum(problem.severity is Severity.WARNING for problem in found)
    read = f"; read {_many(warnings, 'warning')} first" if warnings else ""
    return f"No error was found on the hosts{guests}{behind}{read}."


def _stopped(report: Report) -> str:
    """Return which guests the errors stop."""
    total = len(report.guests)
    stopped = sum(guest.verdict is Verdict.NOT_READY for guest in report.guests)
    if not stopped:
        return "the migration"
    if stopped == total:
        return "the guest" if total == 1 else f"all {total} guests"
    return f"{stopped} of the {total} guests"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _typed(command: Sequence[str]) -> str:
    return " ".join(next_step.quoted(command))


def _made(report: Report) -> Iterator[tuple[str, str]]:
    """Yield who made the report, what was asked for, and how old the answers are."""
    if made := provenance.made(report):
        yield "Made", made
    yield "Answers", provenance.answers(report)
    if logins := provenance.logins(report):
        yield "Logins", logins
    yield "Migration", _migration(report)
    yield "Guests", _chosen(report)
    yield "Options", provenance.options(report) or "none"
    yield "Rules", _many(len(report.rules), "rule")


def _migration(report: Report) -> str:
    migration = report.migration
    offline = "offline, " if migration.offline else ""
    each_way = " each way" if migration.both_ways else ""
    said = f"{offline}{migration.method.mode.value}, over {migration.transport.value}"
    return f"{said}, {migration.concurrency} at a time{each_way}"


def _chosen(report: Report) -> str:
    asked = report.asked
    if asked.guests:
        return f"{len(asked.guests)} named"
    if asked.no_guests:
        return "none"
    kind = "all" if asked.as_they_are else "all that are off" if asked.offline else "all that are running"
    return f"{kind} ({len(report.guests)})"


_Row: TypeAlias = tuple[str, str | None, str | None, bool]


def _hosts(report: Report) -> Iterator[_Row]:
    """Yield each property of the hosts, its value on both, and whether that is known and differs."""
    source, destination = report.source, report.destination
    yield "Host name", source.hostname, destination.hostname, False  # two hosts always differ by it
    for label, field in (
        ("Operating system", "release"),
        ("libvirt", "libvirt"),
        ("QEMU", "qemu"),
        ("OpenSSH", "openssh"),
    ):
        here, there = getattr(source, field), getattr(destination, field)
        yield label, here, there, None not in (here, there) and here != there
    if source.no_login or destination.no_login:
        yield "Login", source.no_login or "succeeded", destination.no_login or "succeeded", True


def _counts(report: Report, items: Sequence[Item]) -> Iterator[tuple[str, int, str]]:
    """Yield the number of results of each kind, and the section that lists them."""
    for outcome, one, many in (("error", "error", "errors"), ("warning", "warning", "warnings")):
        number = sum(item.outcome == outcome for item in items)
        yield one if number == 1 else many, number, "findings"
    if infos := sum(item.outcome == "info" for item in items):
        yield "info", infos, "findings"
    yield "unknown", sum(item.outcome == "unknown" for item in items), "findings"
    for outcome, heading in reversed(LISTED.items()):
        number = sum(result.outcome is outcome for result in report.results)
        if number or outcome is Outcome.PASSED:
            yield heading.lower(), number, outcome.value


def _anchors(items: Iterable[Item]) -> dict[str, str]:
    """Return for each rule the first item that is about it."""
    found: dict[str, str] = {}
    for item in items:
        for rule in item.rules:
            found.setdefault(rule.name, item.id)
    return found


def _documented(items: Iterable[Item]) -> tuple[RuleText, ...]:
    """Return the rules that findings are due to, and those that an unknown leaves open, in alphabetical order."""
    named = {rule.name: rule for item in items for rule in item.rules}
    return tuple(named[name] for name in sorted(named))
