"""The report on single hosts in one line a finding: `PATH:LINE:COLUMN: severity rule: message`."""

from collections.abc import Iterator

from preflight.judge.lint import Linted
from preflight.output.lint.text import in_one_line, unjudged, verdicts
from preflight.output.report.concise import lines
from preflight.output.report.problems import problems


def render(linted: Linted, _colour: bool) -> str:
    """Return a line for each finding and each unknown, the worst of each host first, then the verdicts."""
    return "\n".join(_lines(linted)) + "\n"


def _lines(linted: Linted) -> Iterator[str]:
    for host in linted.hosts:
        yield from lines(host, problems(host.results))
    yield from (f"# {line}" for line in unjudged(linted))
    yield f"# {in_one_line(linted)}"
    yield from verdicts(linted, None, colour=False)
