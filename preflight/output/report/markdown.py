"""The report as Markdown, for tickets, comments and summaries of CI jobs."""

from collections.abc import Iterable, Iterator, Sequence

from preflight.judge.report import SEVERE, Report
from preflight.output.markdown_text import table, text
from preflight.output.report import next_step, provenance, waivers
from preflight.output.report.problems import Problem, Unknown, about, problems, unknowns
from preflight.output.report.text import NO_GUEST, WORDS, counted, numbers
from preflight.output.terminal import listed
from preflight.request.migration import Role

#: The heads of a table of unknowns, behind that of the reason.
UNKNOWN_HEADS = ("Resolve", "Leaves open", "May hide an error")


def render(report: Report, _colour: bool) -> str:
    """Return the report as Markdown with tables."""
    return "\n".join(lines(report, word=WORDS[report.verdict][0])) + "\n"


def lines(report: Report, *, word: str, first: Iterable[str] = ()) -> Iterator[str]:
    """Yield the lines of the report: `word` is its verdict, and `first` the lines of a section before all others."""
    found, unclear = problems(report.results), unknowns(report)
    yield f"## {word}: {text(report.source.name)} → {text(report.destination.name)}"
    yield ""
    narrowed = "; only selected rules were applied" if report.narrowed else ""
    yield f"{'; '.join(filter(None, (numbers(report, found), report.remark)))}{narrowed}."
    yield ""
    yield from table(("", "Host", "System", "libvirt", "QEMU", "OpenSSH"), _hosts(report))
    yield from first
    if found:
        yield "### Findings"
        yield ""
        yield from table(("Severity", "Rule", "Where", "Problem", "Fix"), (problem_row(report, one) for one in found))
        if errors := [one for one in found if one.finding.predicted_error]:
            yield "libvirt or ssh would report:"
            yield ""
            yield from (f"- {text(one.finding.predicted_error or '')} (`{one.rule.name}`)" for one in errors)
            yield ""
    if unclear:
        yield "### Unknown"
        yield ""
        yield from table(("Reason", *UNKNOWN_HEADS), map(unknown_row, unclear))
    if accepted := waivers.waived(report):
        yield "### Waived"
        yield ""
        yield from table(("Rule", "Where", "Problem", "Accepted"), (waived_row(report, one) for one in accepted))
    if remarks := [f"- {text(remark)}" for remark in waivers.remarks(report)]:
        yield from (*remarks, "")
    yield "### Guests"
    yield ""
    yield from _guests(report)
    yield ""
    yield "### Capacity"
    yield ""
    yield from _capacity(report)
    yield from _next(report)
    yield from _origin(report)


def _hosts(report: Report) -> Iterator[Sequence[str]]:
    for role in Role:
        host = report.host(role)
        known = (host.release, host.libvirt, host.qemu, host.openssh)
        yield (role.value, text(host.name), *("?" if one is None else text(one) for one in known))


def problem_row(report: Report, problem: Problem) -> Sequence[str]:
    """Return the cells of a finding."""
    finding = problem.finding
    fix = finding.fix or " ".join(problem.rule.fix.split())
    message = finding.message + about(problem.guests)
    return problem.severity.value, f"`{problem.rule.name}`", text(_where(report, problem)), text(message), text(fix)


def waived_row(report: Report, problem: Problem) -> Sequence[str]:
    """Return the cells of a waived finding."""
    message = problem.finding.message + about(problem.guests)
    return f"`{problem.rule.name}`", text(_where(report, problem)), text(message), text(problem.result.reason or "")


def _where(report: Report, problem: Problem) -> str:
    finding = problem.finding
    at = finding.location
    if finding.host is None:
        where = "both hosts" if report.is_pair else report.source.name
        return where if at is None else f"{where}:{at.path}:{at.line}:{at.column}"
    return report.host(finding.host).name if at is None else f"{report.at(finding.host, at.path)}:{at.line}:{at.column}"


def unknown_row(unknown: Unknown) -> Sequence[str]:
    """Return the cells of an unknown."""
    hides = "yes" if unknown.is_decisive else "no"
    return text(unknown.reason), text(unknown.resolve or ""), counted(unknown.results), hides


def _guests(report: Report) -> Iterator[str]:
    if not report.guests:
        yield f"{NO_GUEST[0].upper()}{NO_GUEST[1:]}."
    for verdict in SEVERE:
        names = [guest.name for guest in report.guests if guest.verdict is verdict]
        if names:
            yield f"- **{WORDS[verdict][0]}** ({len(names)}): {text(listed(names))}"


def _capacity(report: Report) -> Iterator[str]:
    capacity = report.capacity
    binding = capacity.binding
    if binding is None:
        yield "Unknown: no limit could be read."
    else:
        at_most = "At most " if capacity.unread else ""
        yield (
            f"{at_most}{capacity.concurrent} migrations at once (limited by `{binding.name}` on the"
            f" {binding.host.value}); requested: {report.migration.concurrency}."
        )
    yield ""
    rows = (
        (
            f"`{limit.name}`",
            limit.host.value,
            *("?" if one is None else str(one) for one in (limit.configured, limit.in_use, limit.allows)),
        )
        for limit in capacity.counted
    )
    yield from table(("Limit", "Host", "Value", "In use", "Allows"), rows)


def _next(report: Report) -> Iterator[str]:
    step = next_step.next_step(report)
    yield "### Next step"
    yield ""
    if step.text:
        yield f"{text(step.text)}{':' if step.command else ''}"
    if step.command:
        yield ""
        yield f"    {' '.join(next_step.quoted(step.command))}"
    yield ""


def _origin(report: Report) -> Iterator[str]:
    yield "---"
    yield ""
    yield from (f"- {label.capitalize()}: {text(said)}" for label, said in provenance.origin(report))
    if rows := [tuple(map(text, row)) for row in provenance.digests(report)]:
        yield ""
        yield from table(("Host", "File read", "SHA-256"), rows)
