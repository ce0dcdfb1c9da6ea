"""The answer of `capacity` as Markdown, for tickets and change requests."""

from collections.abc import Iterator

from preflight.forecast.answer import Answer
from preflight.output.capacity.origin import origin
from preflight.output.capacity.text import allows, guests, summary
from preflight.output.markdown_text import table, text


def render(answer: Answer, _colour: bool) -> str:
    """Return the limits, the numbers that follow from them, and the duration of each guest's migration."""
    return "\n".join(_lines(answer)).rstrip("\n") + "\n"


def _lines(answer: Answer) -> Iterator[str]:
    report = answer.report
    yield f"## Capacity: {text(report.source.name)} → {text(report.destination.name)}"
    yield ""
    rows = (
        (
            text(limit.name),
            limit.host.value,
            text(limit.written or ("?" if limit.configured is None else str(limit.configured))),
            "" if limit.in_use is None else str(limit.in_use),
            str(limit.takes),
            allows(limit),
            "" if limit.at is None else text(f"{limit.at.path}:{limit.at.line}"),
            text(limit.beyond),
        )
        for limit in report.capacity.limits
    )
    yield from table(("Limit", "Host", "Value", "In use", "Per migration", "Allows", "Set at", "Beyond"), rows)
    yield from table(("", ""), ((f"**{label}**" if label else "", text(said)) for label, said in summary(answer)))
    if answer.forecast is not None and answer.forecast.loads:
        heads, *cells = guests(answer.forecast)
        yield from table(tuple(map(text, heads)), (tuple(map(text, row)) for row in cells))
    yield "---"
    yield ""
    yield from (f"- {label}: {text(said)}" for label, said in origin(answer))
