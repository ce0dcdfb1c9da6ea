"""The runs that have a journal, as one HTML file."""

from preflight.migrate.runs import Found, Stage
from preflight.output.page.template import fill
from preflight.output.runs.text import HEADS, cells


def render(found: Found, _colour: bool) -> str:
    """Return the runs, and the journals that cannot be read, as a page with a final newline."""
    return fill(
        "runs.html",
        directory=str(found.directory),
        heads=HEADS,
        readable=tuple(cells(run) for run in found.runs if run.stage is not Stage.DAMAGED),
        damaged=tuple((run.path, run.why or "") for run in found.runs if run.stage is Stage.DAMAGED),
        older=found.older,
    )
