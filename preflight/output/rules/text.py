"""The list of rules, for a terminal."""

from collections.abc import Sequence

from preflight.judge.report import RuleText
from preflight.output.terminal import columns, width


def render(rules: Sequence[RuleText], _colour: bool) -> str:
    """Return a table of the rules."""
    rows = [(rule.name, rule.topic, rule.severity.value, rule.title) for rule in rules]
    return "\n".join(columns([("rule", "subject", "severity", "problem"), *rows], width=width())) + "\n"
