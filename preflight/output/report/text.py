"""The report for a person at a terminal: what to fix in order, then the guests, the capacity, the verdict, the step."""

from collections.abc import Iterable, Iterator, Sequence

from preflight.capacity.limit import Limit
from preflight.judge.report import ALL_GUESTS, SEVERE, Outcome, Report, Result, Verdict, judge
from preflight.output.capacity.requested import short
from preflight.output.report import next_step, provenance, waivers
from preflight.output.report.problems import Problem, Unknown, about, by_rule, problems, unknowns
from preflight.output.report.skipped import skipped
from preflight.output.terminal import excerpt, labelled, listed, one_line, padded, paint, width, wrapped
from preflight.request.migration import Role
from preflight.rule import Severity

#: Replaces the guests' verdicts where there are none: READY covers only what was checked.
NO_GUEST = "no guest was checked: the verdict covers the hosts alone"

_COLOUR = {"error": "red", "warning": "yellow", "info": "blue", "unknown": "yellow"}
#: Each verdict as people read it, and its colour.
WORDS = {
    Verdict.READY: ("READY", "green"),
    Verdict.NOT_READY: ("NOT READY", "red"),
    Verdict.UNDETERMINED: ("UNDETERMINED", "yellow"),
}
#: The column in which the text of a finding's lines begins, behind their labels.
_COLUMN = 11


def render(report: Report, colour: bool) -> str:
    """Return the report as lines of text with a final newline."""
    columns = width()
    found, unclear = problems(report.results), unknowns(report)
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    milder = [problem for problem in found if problem.severity is not Severity.ERROR]
    lines = [*_host(report, Role.SOURCE, columns), *_host(report, Role.DESTINATION, columns)]
    lines += [*origin(report, columns), ""]
    lines += findings(report, errors, columns, colour)
    lines += unknown_lines([unknown for unknown in unclear if unknown.is_decisive], columns, colour)
    lines += findings(report, milder, columns, colour)
    lines += unknown_lines([unknown for unknown in unclear if not unknown.is_decisive], columns, colour)
    lines += waived_lines(report, columns, colour)
    lines += _guests(report, columns, colour)
    lines += _capacity(report, columns)
    lines += ["", *verdict(report, numbers(report, found), columns, colour=colour)]
    lines += next_step.lines(next_step.next_step(report), columns)
    return "\n".join(lines) + "\n"


def origin(report: Report, columns: int | None) -> Iterator[str]:
    """Yield the lines that say who made the report and when, with which options, and how old the answers are."""
    for label, said in provenance.origin(report):
        yield from labelled(label, said, width=columns, indent=0, column=13)


def _host(report: Report, role: Role, columns: int | None) -> list[str]:
    host = report.host(role)
    known = [host.release, host.libvirt and f"libvirt {host.libvirt}", host.qemu and f"QEMU {host.qemu}", host.openssh]
    described = ", ".join(part for part in known if part) or "versions unknown"
    return labelled(role.value, one_line(f"{host.name}  ({described})"), width=columns, indent=0, column=13)


def findings(report: Report, found: Iterable[Problem], columns: int | None, colour: bool) -> Iterator[str]:
    """Yield each finding, its place and what is known about it."""
    explained = ""
    for problem in found:
        yield from _head(problem, columns, colour)
        yield from _place(report, problem, columns)
        if len(problem.guests) > 1:
            yield from labelled("guests", listed(problem.guests, "--format table lists all"), width=columns)
        rule, finding = problem.rule, problem.finding
        if rule.why and explained != rule.name:  # once for all findings of a rule, which follow each other
            yield from labelled("why", " ".join(rule.why.split()), width=columns)
        if finding.predicted_error:
            yield from labelled("libvirt", finding.predicted_error, width=columns)
        if finding.fix or explained != rule.name:
            yield from labelled("fix", finding.fix or " ".join(rule.fix.split()), width=columns)
        explained = rule.name
        if next_step.is_curable(report, problem):
            command = next_step.quoted(next_step.fix_of(report, problem))
            yield from next_step.continued(command, columns, padded("  run:", _COLUMN))
        elif finding.fix:
            yield f"{padded('  more:', _COLUMN)}preflight explain {rule.name}"
        yield ""


def _head(problem: Problem, columns: int | None, colour: bool) -> Iterator[str]:
    """Yield the finding's first line, wrapped under itself."""
    word, tag = problem.severity.value, f"[{problem.rule.name}]"
    text = f"{one_line(problem.finding.message + about(problem.guests))}  {tag}"
    first, *others = labelled(word, text, width=columns, indent=0, column=len(word) + 2)
    lines = [paint(f"{word}:", _COLOUR[word], "bold", colour=colour) + first.removeprefix(f"{word}:"), *others]
    yield from lines[:-1]
    yield lines[-1].removesuffix(tag) + paint(tag, "dim", colour=colour)


def _place(report: Report, problem: Problem, columns: int | None) -> Iterator[str]:
    host, at = problem.finding.host, problem.finding.location
    name = "" if host is None else one_line(report.host(host).name)
    if at is not None:
        file = f":{at.path}" if host is None else report.at(host, at.path)
        place = f"  --> {one_line(file)}:{at.line}:{at.column}"
        if at.text:
            yield place
            yield from excerpt(at.text, at.column, at.end_column, at.line, width=columns)
        else:
            yield from wrapped(f"{place} (a line is missing here)", width=columns, indent=len("  --> "))
    elif host is not None:  # a default is in no file, and both hosts may have it
        yield f"  --> {name}"


def unknown_lines(unclear: Iterable[Unknown], columns: int | None, colour: bool) -> Iterator[str]:
    """Yield the reasons for which something is unknown, and the rules that they leave open."""
    for unknown in unclear:
        head, *rest = labelled("unknown", one_line(unknown.reason), width=columns, indent=0)
        label = paint("unknown:", _COLOUR["unknown"], "bold", colour=colour)
        yield from (label + head.removeprefix("unknown:"), *rest)
        if unknown.resolve:
            yield from labelled("resolve", unknown.resolve, width=columns, column=11)
        listing = f"{counted(unknown.results)}; --format json names them"
        left_open = listing if unknown.silent else rules_of(unknown.results)
        yield from labelled("left open", left_open, width=columns, column=11)
        if not unknown.is_decisive:
            yield from labelled("", "none of these could make the verdict NOT READY", width=columns, column=11)
        yield ""


def waived_lines(report: Report, columns: int | None, colour: bool) -> Iterator[str]:
    """Yield the findings that are accepted, each with the reason, and what is wrong with waivers."""
    for problem in waivers.waived(report):
        text = f"{one_line(problem.finding.message + about(problem.guests))}  [{problem.rule.name}]"
        first, *rest = labelled("waived", text, width=columns, indent=0)
        yield from (paint("waived:", "bold", colour=colour) + first.removeprefix("waived:"), *rest)
        yield from _place(report, problem, columns)
        yield from wrapped(f"  {one_line(problem.result.reason or '')}", width=columns, indent=4)
        yield ""
    remarks = [line for one in waivers.remarks(report) for line in labelled("note", one, width=columns, indent=0)]
    yield from (*remarks, "") if remarks else ()


def counted(results: Iterable[Result]) -> str:
    """Return how many rules these are the results of."""
    rules = len({result.rule.name for result in results})
    return f"{rules} {'rule' if rules == 1 else 'rules'}"


def rules_of(results: Iterable[Result]) -> str:
    """Return the rules, each with its guest or the number of its guests."""
    guests: dict[str, list[str]] = {}
    for result in results:
        guests.setdefault(result.rule.name, []).extend(filter(None, [result.guest]))
    return by_rule(guests)


def _guests(report: Report, columns: int | None, colour: bool) -> Iterator[str]:
    """Yield what blocks every guest, and the guests by their verdicts and what these are due to."""
    if not report.guests:
        yield from (NO_GUEST, *_skipped(report, columns), "")
        return
    gaps = [gap for gap in report.gaps() if gap.results]
    of_gaps = {id(result) for gap in gaps for result in gap.results}
    own: dict[str | None, list[Result]] = {}
    for result in report.results:
        if (result.blocks or result.obscures) and result.subject != ALL_GUESTS:
            own.setdefault(None if id(result) in of_gaps else result.guest, []).append(result)
    of_hosts = judge(own.get(None, ()))
    if of_hosts is not Verdict.READY:
        rules = [one for one in own[None] if id(one) not in of_gaps]
        causes = _causes(rules, of_hosts) or " and ".join(gap.name for gap in gaps)
        yield from _due("hosts", of_hosts, f" for every guest because of {one_line(causes)}", columns, colour)
    groups: dict[tuple[Verdict, Verdict], list[str]] = {}
    for guest in report.guests:
        groups.setdefault((guest.verdict, judge(own.get(guest.name, ()))), []).append(guest.name)
    label = "guest" if len(report.guests) == 1 else "guests"
    for (verdict, alone), names in sorted(groups.items(), key=lambda group: [*map(SEVERE.index, group[0])]):
        many = f" ({len(names)})" if len(names) > 1 else ""
        causes = _causes([one for name in names for one in own.get(name, ())], alone)
        yield from _due(label, verdict, f"{many}{_because(causes, alone, of_hosts)}: {listed(names)}", columns, colour)
        label = ""
    yield from _skipped(report, columns)
    yield ""


def _skipped(report: Report, columns: int | None) -> Iterator[str]:
    for line in skipped(report):
        yield from wrapped(line, width=columns, indent=8)


def _because(causes: str, alone: Verdict, of_hosts: Verdict) -> str:
    """Say whether guests have these causes of their own for their verdict, or share those of the hosts, or both."""
    if of_hosts is Verdict.READY:
        return f" because of {causes}" if causes else ""
    if alone is of_hosts:
        return f" because of {causes} and the hosts"
    if SEVERE.index(alone) < SEVERE.index(of_hosts):
        return f" because of {causes}"
    return f" because of the hosts (also UNDETERMINED because of {causes})" if causes else " because of the hosts alone"


def _causes(results: Sequence[Result], verdict: Verdict) -> str:
    """Return the rules that the verdict is due to; none for READY."""
    decisive = [one for one in results if one.blocks or verdict is Verdict.UNDETERMINED]
    return listed(list(dict.fromkeys(result.rule.name for result in decisive)))


def _due(label: str, verdict: Verdict, text: str, columns: int | None, colour: bool) -> Iterator[str]:
    word, style = WORDS[verdict]
    first, *rest = labelled(label, f"{word}{text}", width=columns, indent=0, column=8)
    yield first[:8] + paint(word, style, "bold", colour=colour) + first[8 + len(word) :]
    yield from rest


def _capacity(report: Report, columns: int | None) -> Iterator[str]:
    capacity, asked = report.capacity, report.migration.concurrency
    if capacity.concurrent is None:
        yield from labelled("capacity", "unknown, since no limit could be read", width=columns, indent=0, column=10)
    else:
        binding, at_most = capacity.binding, "at most " if capacity.unread else ""
        assert binding is not None
        text = (
            f"{at_most}{capacity.concurrent} migrations at once (limited by {binding.name} on the {binding.host.value})"
        )
        if capacity.safe is not None and capacity.safe < capacity.concurrent:
            text += f", {at_most}{capacity.safe} with workers left for progress and abort"
        first = capacity.burst_binding
        if first is not None and first.allows is not None and first.allows < capacity.concurrent:
            text += f", {at_most}{first.allows} started at the same instant ({first.name} on the {first.host.value})"
        yield from labelled("capacity", text + f"; requested: {asked}", width=columns, indent=0, column=10)
        for one in short(report, asked):
            yield from labelled("", one, width=columns, indent=10, column=0)
    yield from _unread(report, columns)


def _unread(report: Report, columns: int | None) -> Iterator[str]:
    gaps = report.gaps()
    groups: dict[tuple[Role, str | None], list[Limit]] = {}
    for limit in report.capacity.unread:
        gap = next((gap for gap in gaps if gap.leaves_open(limit.host, limit.reason)), None)
        groups.setdefault((limit.host, limit.reason if gap is None else gap.text), []).append(limit)
    for (role, why), limits in groups.items():
        text = f"{', '.join(limit.name for limit in limits)} on the {role.value}: {why}"
        yield from labelled("unread", text, width=columns, indent=10, column=8)


def verdict(report: Report, numbers: str, columns: int | None, *, colour: bool) -> Iterator[str]:
    """Yield the line that begins with the verdict, wrapped under itself."""
    ends = f"{report.source.name} -> {report.destination.name}"
    scope = "only selected rules were applied" if report.narrowed else ""
    said = "; ".join(filter(None, (numbers, report.remark, scope)))
    word, style = WORDS[report.verdict]
    first, *rest = wrapped(one_line(f"{word}  {ends}{': ' if said else ''}{said}"), width=columns)
    yield paint(word, style, "bold", colour=colour) + first.removeprefix(word)
    yield from rest


def numbers(report: Report, found: Sequence[Problem]) -> str:
    """Return the numbers of problems, unknowns and results that passed."""
    count = {
        "error": sum(problem.severity is Severity.ERROR for problem in found),
        "warning": sum(problem.severity is Severity.WARNING for problem in found),
        "unknown": len({result.rule.name for result in report.results if result.outcome is Outcome.UNKNOWN}),
        "passed": sum(result.outcome is Outcome.PASSED for result in report.results),
    }
    if accepted := len(waivers.waived(report)):
        count["waived"] = accepted
    plural = {"error": "errors", "warning": "warnings"}
    return ", ".join(f"{number} {word if number == 1 else plural.get(word, word)}" for word, number in count.items())
