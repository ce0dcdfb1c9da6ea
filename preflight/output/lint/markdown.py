"""The report on single hosts as Markdown, for tickets, comments and summaries of CI jobs."""

from collections.abc import Iterator

from preflight.judge.lint import HostReport, Linted
from preflight.output.lint.text import origin, unjudged
from preflight.output.markdown_text import table, text
from preflight.output.report import waivers
from preflight.output.report.markdown import UNKNOWN_HEADS, problem_row, unknown_row, waived_row
from preflight.output.report.problems import problems, unknowns
from preflight.output.report.text import WORDS, numbers


def render(linted: Linted, _colour: bool) -> str:
    """Return the report as Markdown with tables."""
    return "\n".join(_lines(linted)) + "\n"


def _lines(linted: Linted) -> Iterator[str]:
    yield f"## {WORDS[linted.verdict][0]}"
    yield ""
    yield from table(("Host", "Verdict", "Found"), map(_row, linted.hosts))
    for host in linted.hosts:
        yield from _host(host)
    yield from (f"- {text(line)}" for line in unjudged(linted))
    yield from (f"- {label.capitalize()}: {text(said)}" for label, said in origin(linted))


def _row(report: HostReport) -> tuple[str, str, str]:
    narrowed = "; only selected rules were applied" if report.narrowed else ""
    said = f"{numbers(report, problems(report.results))}{narrowed}"
    return text(report.source.name), f"**{WORDS[report.verdict][0]}**", said


def _host(report: HostReport) -> Iterator[str]:
    found, unclear, accepted = problems(report.results), unknowns(report), waivers.waived(report)
    remarks = [f"- {text(remark)}" for remark in waivers.remarks(report)]
    if found or unclear or accepted or remarks:
        yield f"### {text(report.source.name)}"
        yield ""
    if found:
        heads = ("Severity", "Rule", "Where", "Problem", "Fix")
        yield from table(heads, (problem_row(report, one) for one in found))
    if unclear:
        yield from table(("Unknown", *UNKNOWN_HEADS), map(unknown_row, unclear))
    if accepted:
        yield from table(("Waived", "Where", "Problem", "Accepted"), (waived_row(report, one) for one in accepted))
    if remarks:
        yield from (*remarks, "")
