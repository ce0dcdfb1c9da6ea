"""The list of rules as a Markdown table."""

from collections.abc import Sequence

from tabulate import tabulate

from preflight.judge.report import RuleText


def render(rules: Sequence[RuleText], _colour: bool) -> str:
    """Return a table of the rules."""
    rows = [(f"`{rule.name}`", rule.topic, rule.severity.value, rule.title) for rule in rules]
    headers = ("Rule", "Subject", "Severity", "Problem")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True) + "\n"
