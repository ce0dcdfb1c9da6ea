"""The runs that have a journal, as JSON."""

from preflight.migrate.runs import Found
from preflight.schema import document, status


def render(found: Found, _colour: bool) -> str:
    """Return the runs as JSON: a public contract, described by docs/runs.schema.json."""
    return document.text(
        status.Runs(
            kind="runs",
            format=status.FORMAT,
            directory=str(found.directory),
            older=found.older,
            runs=tuple(
                status.Run(
                    path=run.path,
                    stage=run.stage.value,
                    made=run.made,
                    source=run.source,
                    destination=run.destination,
                    guests=run.guests,
                    unfinished=run.unfinished,
                    why=run.why,
                )
                for run in found.runs
            ),
        )
    )
