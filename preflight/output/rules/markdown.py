"""The list of rules as a Markdown table."""

from collections.abc import Sequence

from tabulate import tabulate

from preflight.judge.ruleset import Rule


def render(rules: Sequence[Rule], _colour: bool) -> str:
    """Return a table of the rules."""
    rows = [(f"`{rule.name}`", rule.text.topic, rule.body.severity.value, rule.text.title) for rule in rules]
    headers = ("Rule", "Subject", "Severity", "Problem")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True) + "\n"
