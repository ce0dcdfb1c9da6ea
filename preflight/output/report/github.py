"""The report as workflow commands, which GitHub Actions shows as annotations.

GitHub shows ten of each kind for a step. The worst come first, and the last command says how many are left out.
"""

from collections.abc import Iterable, Iterator

from preflight.judge.report import Report
from preflight.output.report import provenance
from preflight.output.report.artifacts import Place, place
from preflight.output.report.problems import Problem, Unknown, about, in_turn, problems, unknowns
from preflight.output.report.text import counted, numbers, verdict
from preflight.rule import Severity
from preflight.visible import clean, one_line

#: Commands that are written, besides the one that counts the rest.
MOST = 10
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, _colour: bool) -> str:
    """Return the commands and, as lines of the log, the origin and the verdict."""
    found = problems(report.results)
    ending = (provenance.in_one_line(report), *verdict(report, numbers(report, found), None, colour=False))
    return "\n".join((*shortened(commands(report, found)), *ending)) + "\n"


def shortened(commands: Iterable[str]) -> Iterator[str]:
    """Yield as many commands as GitHub shows, and one that counts the rest."""
    every = list(commands)
    yield from every[:MOST]
    if len(every) > MOST:
        yield _command("notice", f"{len(every) - MOST} more: `--format text` shows all", title="preflight")


def commands(report: Report, found: list[Problem]) -> Iterator[str]:
    """Yield a command for each finding and each unknown that may hide one, the worst first."""
    for one in in_turn(found, (unknown for unknown in unknowns(report) if unknown.is_decisive)):
        yield _finding(report, one) if isinstance(one, Problem) else _unknown(report, one)


def _unknown(report: Report, unknown: Unknown) -> str:
    said = [f"unknown: {unknown.reason} ({counted(unknown.results)} left open)"]
    if unknown.resolve:
        said.append(f"resolve: {unknown.resolve}")
    return annotation(Severity.ERROR, said, place(report, unknown.results[0], None), "unknown")


def _finding(report: Report, problem: Problem) -> str:
    finding = problem.finding
    said = [finding.message + about(problem.guests)]
    if finding.predicted_error:
        said.append(f"libvirt: {finding.predicted_error}")
    said.append(f"fix: {finding.fix or ' '.join(problem.rule.fix.split())}")
    return annotation(problem.severity, said, place(report, problem.result, finding), problem.rule.name)


def annotation(severity: Severity, said: Iterable[str], where: Place, title: str) -> str:
    """Return the command for a finding at a place."""
    properties: dict[str, object] = {"file": where.path, "line": where.line}
    if where.at is not None:
        properties["col"] = where.at.column
    return _command(_KINDS[severity], "\n".join(map(one_line, said)), **properties, title=title)


def _command(kind: str, message: str, **properties: object) -> str:
    """Return a workflow command, escaped as the runner reads it."""
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{kind} {given}::{_message(message)}"


def _message(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
