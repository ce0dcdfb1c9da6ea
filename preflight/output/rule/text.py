"""The documentation of one rule, for a terminal."""

import textwrap

from preflight.judge.ruleset import Rule


def render(rule: Rule, _colour: bool) -> str:
    """Return the rule's name, title, reason and fix."""
    parts = [
        f"{rule.name}  ({rule.text.topic}, {rule.body.severity.value})\n{rule.text.title}",
        "Why it matters\n" + textwrap.indent(rule.text.why, "  "),
        "How to fix\n" + textwrap.indent(rule.text.fix, "  "),
    ]
    return "\n\n".join(parts) + "\n"
