"""The report as the output of a plugin of Nagios: a line with the state, the reason and performance data.

The origin is the second line, which servers keep as the long output and show where they show a service in detail.
"""

import enum
from collections.abc import Iterable

from preflight.judge.report import Report, Verdict
from preflight.output.report import provenance
from preflight.output.report.problems import Unknown, problems, unknowns
from preflight.output.terminal import listed
from preflight.rule import Severity
from preflight.visible import one_line

#: Characters of the line before the performance data; servers cut off what is longer.
_LONGEST = 200
#: Bytes of both lines that version 2 of NRPE transmits.
_LONGEST_PAGE = 1023


class State(enum.IntEnum):
    """A state of Nagios, which is also the exit code of `preflight nagios`."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def state(report: Report) -> State:
    """Return the state that the report means."""
    if report.verdict is Verdict.NOT_READY:
        return State.CRITICAL
    if report.verdict is Verdict.UNDETERMINED:
        return State.UNKNOWN
    warned = any(problem.severity is Severity.WARNING for problem in problems(report.results))
    return State.WARNING if warned else State.OK


def render(report: Report, _colour: bool) -> str:
    """Return the line, and one with the origin."""
    found, unclear = problems(report.results), unknowns(report)
    now = state(report)
    ends = f"{report.source.name} -> {report.destination.name}"
    wanted = {State.CRITICAL: Severity.ERROR, State.WARNING: Severity.WARNING}.get(now)
    rules = list(dict.fromkeys(one.rule.name for one in found if one.severity is wanted))
    because = "; ".join(filter(None, (_because(report, now, rules, unclear), report.remark)))
    said = f"PREFLIGHT {now.name} - {ends}: {because}"
    count = {severity: sum(one.severity is severity for one in found) for severity in Severity}
    data = [
        f"errors={count[Severity.ERROR]};;0;0",
        f"warnings={count[Severity.WARNING]};0;;0",
        f"unknown={len(unclear)};;;0",
        f"guests={len(report.guests)};;;0",
    ]
    if report.capacity.concurrent is not None:
        data.append(f"capacity={report.capacity.concurrent};;;0")
    return lines(said, data, provenance.in_one_line(report))


def lines(said: str, data: Iterable[str], origin: str) -> str:
    """Return a line with the state and performance data, and one with the origin."""
    first = f"{_short(said)}|{' '.join(data)}\n"
    return f"{first}{_fitting(origin, _LONGEST_PAGE - len(first.encode()) - 1)}\n"


def _because(report: Report, now: State, rules: list[str], unclear: list[Unknown]) -> str:
    if now is State.UNKNOWN:
        return f"undetermined: {unclear[0].reason}"
    if now is State.OK:
        return "ready" if report.guests else "ready, no guest was checked"
    return f"{'not ready' if now is State.CRITICAL else 'ready with warnings'}: {listed(rules)}"


def _short(text: str) -> str:
    """Return the text in one line without the character that begins performance data."""
    line = _plain(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _fitting(text: str, most: int) -> str:
    """Return the text in one line of so many bytes."""
    line = _plain(text)
    encoded = line.encode()
    return line if len(encoded) <= most else f"{encoded[: most - len('…'.encode())].decode(errors='ignore')}…"


def _plain(text: str) -> str:
    return one_line(text).replace("|", "/")
