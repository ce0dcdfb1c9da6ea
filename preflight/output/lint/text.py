"""The report on single hosts for a person at a terminal: what to fix on each, then a line for each host."""

from collections.abc import Iterator, Sequence

from preflight.judge.lint import HostReport, Linted
from preflight.judge.report import SEVERE
from preflight.output.report import provenance
from preflight.output.report.problems import Problem, problems, unknowns
from preflight.output.report.text import WORDS, findings, numbers, unknown_lines, waived_lines
from preflight.output.terminal import labelled, one_line, paint, width, wrapped
from preflight.rule import Severity
from preflight.visible import named


def render(linted: Linted, colour: bool) -> str:
    """Return the report as lines of text with a final newline."""
    columns = width()
    lines = [line for host in linted.hosts for line in _host(host, columns, colour)]
    lines += [part for line in unjudged(linted) for part in wrapped(line, width=columns)]
    for label, said in origin(linted):
        lines += labelled(label, said, width=columns, indent=0)
    lines += ["", *verdicts(linted, columns, colour=colour)]
    return "\n".join(lines) + "\n"


def _host(report: HostReport, columns: int | None, colour: bool) -> Iterator[str]:
    found, unclear = problems(report.results), unknowns(report)
    if not (found or unclear or any(True for _ in waived_lines(report, columns, colour))):
        return
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    milder = [problem for problem in found if problem.severity is not Severity.ERROR]
    yield paint(f"{named(report.source.name)}:", "bold", colour=colour)
    yield ""
    yield from findings(report, errors, columns, colour)
    yield from unknown_lines([unknown for unknown in unclear if unknown.is_decisive], columns, colour)
    yield from findings(report, milder, columns, colour)
    yield from unknown_lines([unknown for unknown in unclear if not unknown.is_decisive], columns, colour)
    yield from waived_lines(report, columns, colour)


def unjudged(linted: Linted) -> Iterator[str]:
    """Yield a sentence for each reason for which rules were not applied, with the fewest and the most of a host."""
    counts: dict[str, list[int]] = {}
    for host in linted.hosts:
        for one in host.unjudged:
            counts.setdefault(one.why, []).append(len(one.rules))
    for why, found in sorted(counts.items()):
        least, most = min(found), max(found)
        many = str(most) if least == most else f"{least} to {most}"
        yield f"not applied: {many} {'rule' if most == 1 else 'rules'} that {why}"


def origin(linted: Linted) -> Iterator[tuple[str, str]]:
    """Yield a label and a text: who made the report and when, where its answers are from, and its options."""
    first = linted.first
    if made := provenance.made(first):
        yield "made", made
    answers = dict.fromkeys(map(provenance.answers, linted.hosts))
    if not first.of_files:
        yield "answers", "; ".join(answers)
    if options := provenance.options(first):
        yield "options", options


def in_one_line(linted: Linted) -> str:
    """Return the origin in one line."""
    return "; ".join(f"{label} {said}" for label, said in origin(linted))


def verdicts(linted: Linted, columns: int | None, *, colour: bool) -> Iterator[str]:
    """Yield a line for each host, the worst last, each with its verdict."""
    for host in sorted(linted.hosts, key=lambda host: -SEVERE.index(host.verdict)):
        yield from verdict(host, problems(host.results), columns, colour=colour)


def verdict(report: HostReport, found: Sequence[Problem], columns: int | None, *, colour: bool) -> Iterator[str]:
    """Yield the line about one host, wrapped under itself."""
    word, style = WORDS[report.verdict]
    scope = "; only selected rules were applied" if report.narrowed else ""
    first, *rest = wrapped(one_line(f"{word}  {report.source.name}: {numbers(report, found)}{scope}"), width=columns)
    yield paint(word, style, "bold", colour=colour) + first.removeprefix(word)
    yield from rest
