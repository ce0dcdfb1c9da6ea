"""`preflight status`."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import Reports, form
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.output import formats


@command(
    Purpose.LOOK_UP,
    "# List all runs",
    "preflight status",
    "# Show the guests of one run",
    "preflight status evening.journal",
    "# Show the guests of an evacuation",
    "preflight status evening.evacuation",
)
def status(
    journal: Annotated[
        Path | None,
        typer.Argument(
            metavar="JOURNAL",
            help="Journal of a run, or record of an evacuation; omit it to list all runs.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[str, form("ledger")] = "text",
    report: Reports = None,
) -> None:
    """Show what the journal of a run says about each guest, or list all runs, newest first.

    No host is contacted. For a run that was cut off, or has left guests behind, the last line is the command that
    contacts the hosts and resumes it. An evacuation has the formats text and json. The exit code is 0 if
    the journal can be read, whatever it says, and 2 if not. A list of all runs includes the journals that cannot be
    read, and its exit code is 0 even then.
    """
    from preflight.commands import status as told

    subject = "runs" if journal is None else told.subject_of(journal)
    formats.require(subject, output_format)
    files = formats.files(subject, report or ())
    resumes: Iterable[str | None]
    if journal is None:
        runs = told.of_all()
        formats.publish(subject, output_format, runs, files)
        resumes = told.resumes(runs) if output_format == "text" else ()
    else:
        found = told.of_file(journal)
        formats.publish(subject, output_format, found, files)
        resumes = (told.resume(journal, found),) if output_format == "text" else ()
    for line in filter(None, resumes):
        print(line, file=sys.stderr)
