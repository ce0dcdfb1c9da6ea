"""The list of rules as one HTML file, by subject."""

from collections.abc import Sequence

from preflight.judge.report import RuleText
from preflight.output.page.template import fill


def render(rules: Sequence[RuleText], _colour: bool) -> str:
    """Return the rules as a page with a final newline."""
    topics: dict[str, list[tuple[str, str, str]]] = {}
    for rule in rules:
        topics.setdefault(rule.topic, []).append((rule.name, rule.severity.value, rule.title))
    return fill("rules.html", count=len(rules), topics=tuple(topics.items()))
