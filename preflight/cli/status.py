"""`preflight status`."""

from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import Reports, output
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.output import formats


@command(
    Purpose.LOOK_UP,
    "# List all runs",
    "preflight status",
    "# Show the guests of one run",
    "preflight status evening.journal",
)
def status(
    journal: Annotated[
        Path | None,
        typer.Argument(metavar="JOURNAL", help="Journal of a run; omit it to list all runs.", show_default=False),
    ] = None,
    output_format: Annotated[str, output("--format", "-f", help=formats.help_on("ledger"))] = "text",
    report: Reports = None,
) -> None:
    """Show what the journal of a run says about each guest, or list all runs, newest first.

    No host is contacted. To contact the hosts and continue the run, use `preflight migrate --resume JOURNAL`. The exit
    code is 0 if the journal can be read, whatever it says, and 2 if not. A list of all runs includes the journals that
    cannot be read, and its exit code is 0 even then.
    """
    from preflight.commands import status as told

    subject = "runs" if journal is None else "ledger"
    formats.require(subject, output_format)
    files = formats.files(subject, report or ())
    formats.publish(subject, output_format, told.of_all() if journal is None else told.of_run(journal), files)
