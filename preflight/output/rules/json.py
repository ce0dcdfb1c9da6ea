"""The list of rules as JSON: a public contract, described by docs/rules.schema.json."""

from collections.abc import Sequence

from preflight.judge.report import RuleText
from preflight.output.report.json import of_rule
from preflight.schema import rules as schema
from preflight.schema.document import text


def render(rules: Sequence[RuleText], _colour: bool) -> str:
    """Return the rules with their documentation."""
    return text(schema.Rules(kind="rules", format=schema.FORMAT, rules=tuple(map(of_rule, rules))))
