"""The rules as a list for a terminal."""

from collections.abc import Sequence

from tabulate import tabulate

from preflight.judge.ruleset import Rule


def render(rules: Sequence[Rule], _colour: bool) -> str:
    """Render a table of the rules."""
    rows = [(rule.name, rule.text.topic, rule.body.severity.value, rule.text.title) for rule in rules]
    return tabulate(rows, headers=("rule", "topic", "severity", "finds"), disable_numparse=True) + "\n"
