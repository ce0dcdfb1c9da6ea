"""The report on single hosts as SARIF 2.1.0, in one run: a category has one."""

from preflight.judge.lint import Linted
from preflight.output.report.sarif import document


def render(linted: Linted, _colour: bool) -> str:
    """Return the document."""
    return document(linted.hosts, "preflight/lint/")
