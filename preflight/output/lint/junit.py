"""The report on single hosts as JUnit XML, with a suite for each host and each of its guests."""

from preflight.judge.lint import Linted
from preflight.output.report.junit import document


def render(linted: Linted, _colour: bool) -> str:
    """Return the document."""
    return document(linted.hosts)
