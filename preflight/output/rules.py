"""The rules themselves, as a list and one at a time, from their own documentation."""

import textwrap
from collections.abc import Callable, Mapping, Sequence

from tabulate import tabulate

from preflight.judge.ruleset import Rule


def _text(rules: Sequence[Rule]) -> str:
    rows = [(rule.name, rule.text.topic, rule.body.severity.value, rule.text.title) for rule in rules]
    return tabulate(rows, headers=("rule", "topic", "severity", "finds"), disable_numparse=True) + "\n"


def _markdown(rules: Sequence[Rule]) -> str:
    rows = [(f"`{rule.name}`", rule.text.topic, rule.body.severity.value, rule.text.title) for rule in rules]
    headers = ("Rule", "Topic", "Severity", "Finds")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[Rule]], str]] = {"text": _text, "markdown": _markdown}


def listing(rules: Sequence[Rule], format_name: str) -> str:
    """All rules as a table in one of `FORMATS`."""
    return FORMATS[format_name](rules)


def explanation(rule: Rule) -> str:
    """One rule's documentation for a terminal."""
    parts = [
        f"{rule.name}  ({rule.text.topic}, {rule.body.severity.value})\n{rule.text.title}",
        "Why it matters\n" + textwrap.indent(rule.text.why, "  "),
        "How to fix\n" + textwrap.indent(rule.text.fix, "  "),
    ]
    return "\n\n".join(parts) + "\n"
