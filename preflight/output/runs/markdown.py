"""The runs that have a journal, as Markdown."""

from collections.abc import Iterator

from preflight.migrate.runs import Found, Stage
from preflight.output.markdown_text import table, text
from preflight.output.runs.text import HEADS, cells


def render(found: Found, _colour: bool) -> str:
    """Return a table of the runs, and a line for each journal that cannot be read."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: Found) -> Iterator[str]:
    where = text(str(found.directory))
    readable = [run for run in found.runs if run.stage is not Stage.DAMAGED]
    yield f"## Runs in {where}"
    yield ""
    if readable:
        yield from table(HEADS, (tuple(map(text, cells(run))) for run in readable))
    elif not found.runs:
        yield "No journal."
    for run in found.runs:
        if run.stage is Stage.DAMAGED:
            yield f"- damaged: {text(run.path)}: {text(run.why or '')}"
    if found.older:
        yield f"- {found.older} older journals are not listed"
