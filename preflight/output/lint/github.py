"""The report on single hosts as workflow commands, which GitHub Actions shows as annotations of the files."""

from preflight.judge.lint import Linted
from preflight.output.lint.text import in_one_line, verdicts
from preflight.output.report.github import commands, shortened
from preflight.output.report.problems import problems

#: The kinds of commands, the worst first.
_KINDS = ("::error ", "::warning ", "::notice ")


def render(linted: Linted, _colour: bool) -> str:
    """Return the commands, the worst of all hosts first, and, as lines of the log, the origin and the verdicts."""
    every = [command for host in linted.hosts for command in commands(host, problems(host.results))]
    every.sort(key=lambda command: next(rank for rank, kind in enumerate(_KINDS) if command.startswith(kind)))
    ending = (in_one_line(linted), *verdicts(linted, None, colour=False))
    return "\n".join((*shortened(every), *ending)) + "\n"
