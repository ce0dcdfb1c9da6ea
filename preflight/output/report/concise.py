"""The report in one line a finding, as compilers print it: `HOST:PATH:LINE:COLUMN: severity rule: message`."""

from collections.abc import Iterator, Sequence

from preflight.judge.report import Report
from preflight.output.report import provenance, waivers
from preflight.output.report.problems import Problem, Unknown, about, in_turn, problems, unknowns
from preflight.output.report.text import NO_GUEST, counted, numbers, verdict
from preflight.output.terminal import one_line


def render(report: Report, _colour: bool) -> str:
    """Return a line for each finding and each unknown, the worst first, the origin and the verdict; none is wrapped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    found = problems(report.results)
    yield from lines(report, found)
    if not report.guests:
        yield NO_GUEST
    yield f"# {provenance.in_one_line(report)}"
    yield from verdict(report, numbers(report, found), None, colour=False)


def lines(report: Report, found: Sequence[Problem]) -> Iterator[str]:
    """Yield a line for each finding and each unknown, the worst first, and for each waiver."""
    for one in in_turn(found, unknowns(report)):
        yield _finding(report, one) if isinstance(one, Problem) else _unknown(report, one)
    for problem in waivers.waived(report):
        yield one_line(f"{_place(report, problem)}: waived {_said(problem)}, {problem.result.reason}")
    yield from waivers.remarks(report)


def _finding(report: Report, problem: Problem) -> str:
    return one_line(f"{_place(report, problem)}: {problem.severity.value} {_said(problem)}")


def _said(problem: Problem) -> str:
    return f"{problem.rule.name}: {problem.finding.message}{about(problem.guests)}"


def _place(report: Report, problem: Problem) -> str:
    finding = problem.finding
    at, host = finding.location, finding.host
    place = _ends(report) if host is None else name(report.host(host).name)
    if host is not None and at is not None:
        return f"{report.file(at.path) or f'{place}:{at.path}'}:{at.line}:{at.column}"
    return place


def _unknown(report: Report, unknown: Unknown) -> str:
    place = name(report.host(unknown.silent[0]).name) if len(unknown.silent) == 1 else _ends(report)
    first = unknown.results[0].rule.name
    rules = first if len({one.rule.name for one in unknown.results}) == 1 else counted(unknown.results)
    return one_line(f"{place}: unknown {rules}: {unknown.reason}")


def _ends(report: Report) -> str:
    if not report.is_pair:
        return name(report.source.name)
    return f"{name(report.source.name)}->{name(report.destination.name)}"


def name(host: str) -> str:
    """Return a host's name as the beginning of a line: in brackets if it has colons, as an address of IPv6 has."""
    return f"[{host}]" if ":" in host or host[:1] == "#" else host
