"""The documentation of one rule, for a terminal."""

from collections.abc import Iterator

from preflight.judge.ruleset import Rule
from preflight.output.terminal import labelled, width


def render(rule: Rule, _colour: bool) -> str:
    """Return the rule's name, title, reason and fix."""
    return "\n".join(about(rule, width())) + "\n"


def about(rule: Rule, columns: int | None) -> Iterator[str]:
    """Yield the lines about a rule, wrapped at that many columns; None leaves them as its file has them."""
    guards = "; guards data, so it cannot be waived" if rule.body.guards_data else ""
    yield f"{rule.name}  ({rule.text.topic}, {rule.body.severity.value}{guards})"
    yield from labelled("", rule.text.title, width=columns, indent=0, column=0)
    for heading, text in (("Why it matters", rule.text.why), ("How to fix", rule.text.fix)):
        yield ""
        yield heading
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                yield ""
            whole = paragraph if columns is None else " ".join(paragraph.split())
            yield from labelled("", whole, width=columns, indent=2, column=0)
