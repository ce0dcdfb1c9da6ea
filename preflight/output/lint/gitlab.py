"""The report on single hosts as GitLab's Code Quality JSON."""

from preflight.judge.lint import Linted
from preflight.output.report.gitlab import issues, text


def render(linted: Linted, _colour: bool) -> str:
    """Return the list of issues, the worst of each host first."""
    return text(issue for host in linted.hosts for issue in issues(host))
