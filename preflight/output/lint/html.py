"""The report on single hosts as one HTML file."""

from preflight.judge.lint import HostReport, Linted
from preflight.output.lint.text import origin, unjudged
from preflight.output.page.template import fill
from preflight.output.report import waivers
from preflight.output.report.items import items_of
from preflight.output.report.problems import about, problems
from preflight.output.report.text import WORDS, numbers


def render(linted: Linted, _colour: bool) -> str:
    """Return the report as a page with a final newline."""
    return fill(
        "lint.html",
        verdict=linted.verdict.value,
        word=WORDS[linted.verdict][0],
        narrowed=linted.first.narrowed,
        hosts=tuple(map(_host, linted.hosts)),
        rows=tuple(
            (host.source.name, WORDS[host.verdict][0], numbers(host, problems(host.results))) for host in linted.hosts
        ),
        remarks=tuple(unjudged(linted)),
        made=tuple((label.capitalize(), [said]) for label, said in origin(linted)),
    )


def _host(report: HostReport) -> tuple[str, tuple[object, ...], tuple[str, ...]]:
    """Return a host's name, its findings and unknowns, and what is waived."""
    guests = {guest.name: str(number) for number, guest in enumerate(report.guests)}
    accepted = [
        f"{problem.finding.message}{about(problem.guests)}: waived {problem.result.reason}"
        for problem in waivers.waived(report)
    ]
    return report.source.name, tuple(items_of(report, guests)), (*accepted, *waivers.remarks(report))
