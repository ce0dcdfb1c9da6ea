"""The documentation of one rule, for a terminal."""

from collections.abc import Iterator

from preflight.judge.report import RuleText
from preflight.judge.ruleset import Rule
from preflight.output.terminal import labelled, width


def render(rule: Rule | RuleText, _colour: bool) -> str:
    """Return the rule's name, title, reason and fix."""
    return "\n".join(about(rule, width())) + "\n"


def about(rule: Rule | RuleText, columns: int | None) -> Iterator[str]:
    """Yield the lines about a rule, wrapped at that many columns; None leaves them as its file has them."""
    text, guards_data = (rule.text, rule.body.guards_data) if isinstance(rule, Rule) else (rule, False)
    guards = "; guards data, so it cannot be waived" if guards_data else ""
    yield f"{text.name}  ({text.topic}, {text.severity.value}{guards})"
    yield from labelled("", text.title, width=columns, indent=0, column=0)
    for heading, said in (("Why it matters", text.why), ("How to fix", text.fix)):
        yield ""
        yield heading
        for number, paragraph in enumerate(said.split("\n\n")):
            if number:
                yield ""
            whole = paragraph if columns is None else " ".join(paragraph.split())
            yield from labelled("", whole, width=columns, indent=2, column=0)
