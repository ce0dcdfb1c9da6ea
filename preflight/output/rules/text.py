"""The list of rules, for a terminal."""

from collections.abc import Sequence

from preflight.judge.ruleset import Rule
from preflight.output.terminal import columns, width


def render(rules: Sequence[Rule], _colour: bool) -> str:
    """Return a table of the rules."""
    rows = [(rule.name, rule.text.topic, rule.body.severity.value, rule.text.title) for rule in rules]
    return "\n".join(columns([("rule", "subject", "severity", "problem"), *rows], width=width())) + "\n"
